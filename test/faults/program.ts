import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createStandIn, type StandIn } from '../../src/sandbox/kit.ts';
import { type Ended, runProgram } from '../../src/sandbox/otterize-program.ts';

const sound = new URL('../../src/sandbox/otterize-cli.ts', import.meta.url).href;
/** Most of what a sweep costs is the starting of processes; what they compiled is kept from one to the next. */
export const compiled = fileURLToPath(new URL('../../node_modules/.cache/holt', import.meta.url));

/** The sandbox's program, to be started as it is; answers its file. */
export async function writeSound(folder: string): Promise<string> {
  const file = join(folder, 'otterize.mjs');
  const words = [
    `import { enableCompileCache } from 'node:module';`,
    `enableCompileCache('${compiled}');`,
    `await import('${sound}');`,
  ];
  await writeFile(file, words.join('\n'));
  return file;
}

// A program for tests: some lines of shell that leave the work to this process. A run calls the program thirty times, and starting
// Node for each is most of what a run costs.

/** Ends as it is told, and is killed when it is told nothing. With a file for it, it notes there when it began, when it ended and what it was. */
const script = (port: string, lives: string | undefined): string => `#!/bin/bash
LC_ALL=C
begun=$EPOCHREALTIME
said="$HOME"$'\\n'"$OTTERIZE_API_ADDRESS"$'\\n'"$OTTERIZE_TOKEN"
for word in "$@"; do said+=$'\\n'"$word"; done
exec 3<>/dev/tcp/127.0.0.1/${port}
printf 'POST /cli/0/%s HTTP/1.0\\r\\nHost: 127.0.0.1\\r\\nContent-Length: %d\\r\\n\\r\\n%s' "$1\${2:+%20$2}" "\${#said}" "$said" >&3
while read -r line <&3 && [ "$line" != $'\\r' ]; do :; done
read -r code <&3 && read -r length <&3 || kill -9 $$
[ "$length" -gt 0 ] && read -r -N "$length" complaint <&3 && printf '%s' "$complaint" >&2
cat <&3
${lives === undefined ? '' : `printf '%s %s %s\\n' "$begun" "$EPOCHREALTIME" "$1 $2" >>'${lives}'\n`}exit "$code"
`;

/** What the shell is told: how to end, what goes to standard error and how long that is, and what goes to standard output. */
export const answerOf = ({ code, stderr, stdout }: Ended): Response =>
  new Response(`${code}\n${Buffer.byteLength(stderr)}\n${stderr}${stdout}`);

export async function endedOf(answer: Response): Promise<Ended> {
  const [code = '', length = '', ...rest] = (await answer.text()).split('\n');
  const text = Buffer.from(rest.join('\n'));
  const [stderr, stdout] = [text.subarray(0, Number(length)), text.subarray(Number(length))];
  return { code: Number(code), stderr: stderr.toString(), stdout: stdout.toString() };
}

interface Program extends StandIn {
  /** The file to start. */
  file: string;
}

/** What a program does with its words and the three variables that it looks at. */
type Act = (
  words: readonly string[],
  variables: Record<'HOME' | 'address' | 'token', string>,
) => Promise<Ended>;

const otterize: Act = (words, { HOME, address, token }) => {
  const settings = { OTTERIZE_API_ADDRESS: address, OTTERIZE_TOKEN: token };
  return runProgram(words, { HOME, OTTERIZE_TELEMETRY_ENABLED: 'false', ...settings });
};

interface ProgramOptions {
  name?: string;
  act?: Act;
  /** A file for the beginning and the end of each process, in seconds since the epoch. */
  lives?: string;
}

/** Each start of the program is a call of the service `CLI`, named by its first two words. */
export async function startProgram(
  folder: string,
  { name = 'otterize', act = otterize, lives }: ProgramOptions = {},
): Promise<Program> {
  const builder = createStandIn({ service: 'CLI' });
  builder.route('POST', '/cli/:pid/:name', 'call', async context => {
    const [HOME = '', address = '', token = '', ...words] = (await context.req.text()).split('\n');
    return answerOf(await act(words, { HOME, address, token }));
  });
  const standIn = await builder.listen();
  const file = join(folder, name);
  await writeFile(file, script(new URL(standIn.url).port, lives), { mode: 0o755 });
  return Object.assign(standIn, { file });
}
