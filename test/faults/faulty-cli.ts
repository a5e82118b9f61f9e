import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

// The stand-in of the CLI with a fault in it: each call asks first what to do wrong.
const [control = '', ...words] = process.argv.slice(2);
const cli = fileURLToPath(new URL('../../src/sandbox/otterize-cli.ts', import.meta.url));
const url = `${control}/cli/0/${encodeURIComponent(words.slice(0, 2).join(' '))}`;
const { how } = (await (await fetch(url, { method: 'POST' })).json()) as { how?: string };

if (how === undefined) {
  process.argv.splice(1, 2, cli);
  await import(cli);
} else await misbehave(how);

async function misbehave(fault: string): Promise<void> {
  await stopAt(fault, 'before');
  const { stdout, stderr, exitCode } = await execa(process.execPath, [cli, ...words], { reject: false });
  await stopAt(fault, 'after');
  const printed: Record<string, string> = {
    'a notice before JSON': `A new version is available.\n${stdout}`,
    'half of it': stdout.slice(0, stdout.length / 2),
    nothing: '',
    'an empty id': stdout.replaceAll(/"id": "[^"]*"/g, '"id": ""'),
    'damaged text': stdout.replaceAll(/"name": "([^"]*)"/g, '"name": "$1%!s(MISSING)"'),
    'ten megabytes': stdout + ' '.repeat(10_000_000),
    'something else': 'otter otter otter',
  };
  process.stderr.write(stderr);
  await new Promise(resolve => process.stdout.write(printed[fault] ?? stdout, resolve));
  process.exitCode = fault === 'exit 1 although done' ? 1 : (exitCode ?? 1);
}

async function stopAt(fault: string, moment: 'before' | 'after'): Promise<void> {
  if (fault === `killed ${moment}`) process.kill(process.pid, 'SIGKILL');
  if (fault === `hangs ${moment}`) await new Promise(() => setInterval(() => undefined, 60_000));
}
