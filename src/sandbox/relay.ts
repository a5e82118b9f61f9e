import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Relay {
  /** The address to use in place of the one behind. */
  url: string;
  /** Ends all connections and takes no more, as if what is behind had stopped. */
  cut(): void;
  mend(): void;
  isCut(): boolean;
  close(): Promise<void>;
}

/** Stands between Holt and a Redis that others may use too, so that it can be taken from Holt alone. */
export async function startRelay(behind: string): Promise<Relay> {
  const { hostname, port } = new URL(behind);
  const sockets = new Set<Socket>();
  let isCut = false;
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // An error is followed by the close; the other half hears of it there.
    socket.on('error', () => socket.destroy());
  };
  const server = createServer(near => {
    keep(near);
    if (isCut) return void near.destroy();
    const far = connect(Number(port || 6379), hostname.replaceAll(/^\[|\]$/g, ''));
    keep(far);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
    near.pipe(far).pipe(near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(behind);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  const cut = (): void => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: url.href,
    cut,
    mend() {
      isCut = false;
    },
    isCut: () => isCut,
    async close() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
