/** Calls a minute by method [K/T, reference slack A4]. apps.connections.open is of Tier 1, yet an app may hold ten sockets: bursts [?]. */
export const PER_MINUTE = { tier2: 20, tier3: 50, tier4: 100, post: 60, connections: 10, generous: 600 };
