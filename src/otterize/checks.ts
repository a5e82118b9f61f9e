import { ServiceError } from '../errors.ts';
import type { Problem } from '../onboarding/ports.ts';
import { type Runner, run } from './process.ts';

/** The first version that asks the cloud for nothing on the side and in which the organization given counts. */
const oldest = [1, 0, 8];
/** A run that begins now should not see its token expire. */
const soonMs = 10 * 60_000;

/** What a failed call means for somebody who has not begun yet. Anything but a ServiceError is thrown on. */
export function problemOf(error: unknown): Problem {
  if (!(error instanceof ServiceError)) throw error;
  return error.advice === undefined ? `${error.message}.` : `${error.message}. ${error.advice}`;
}

/** The version of the program, for example `2.0.3`; undefined when it prints none. Throws a ServiceError when it cannot be run. */
export async function versionOf(runner: Runner): Promise<string | undefined> {
  const { stdout } = await run(runner, 'tell its version', ['version']);
  return /^Version: v?(\d+\.\d+\.\d+)/m.exec(stdout)?.[1];
}

export function versionProblems(version: string | undefined): Problem[] {
  const least = oldest.join('.');
  if (version === undefined) {
    return [`The otterize program does not tell its version. Install version ${least} or newer.`];
  }
  const numbers = version.split('.').map(Number);
  const at = oldest.findIndex((part, index) => part !== numbers[index]);
  const tooOld = at >= 0 && (numbers[at] ?? 0) < (oldest[at] ?? 0);
  return tooOld ? [`The otterize program is version ${version}. Install version ${least} or newer.`] : [];
}

/** Says when a token that tells its own end (a JWT) has ended or is about to. Others are taken as they are; nothing is verified. */
export function expiryProblems(token: string, now = Date.now()): Problem[] {
  const ends = endOf(token);
  if (ends === undefined || ends - now > soonMs) return [];
  const when = new Date(ends).toISOString();
  return [
    `The Otterize token ${ends <= now ? 'expired' : 'expires'} at ${when}. Sign in with \`otterize login\` and store the new token where Holt reads it from.`,
  ];
}

function endOf(token: string): number | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    const end = (claims as { exp?: unknown } | null)?.exp;
    return typeof end === 'number' && Math.abs(end) < 8e12 ? end * 1000 : undefined;
  } catch {
    return undefined;
  }
}
