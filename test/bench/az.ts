import { readFile } from 'node:fs/promises';
import { Agent, request } from 'undici';
import type { Ended } from '../../src/sandbox/otterize-program.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';

interface Asked {
  method?: 'GET' | 'POST' | 'PUT';
  token?: string;
  type?: string;
  body?: string;
}

interface Answer {
  ok: boolean;
  text: string;
}

/** What the manual way used of the `az` program, over the stand-ins of Graph and Key Vault; signed in already. */
export async function signedInAz({
  environment,
  entra,
}: Sandbox): Promise<(words: readonly string[]) => Promise<Ended>> {
  const ca = await readFile(environment['NODE_EXTRA_CA_CERTS'] ?? '');
  const dispatcher = new Agent({ connect: { ca } });

  async function send(url: string, { method = 'GET', token, type, body }: Asked): Promise<Answer> {
    const headers = {
      'content-type': type ?? 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    };
    const answer = await request(url, { method, headers, dispatcher, ...(body !== undefined && { body }) });
    return { ok: answer.statusCode < 300, text: await answer.body.text() };
  }

  async function tokenFor(audience: string): Promise<string> {
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: entra.clientId,
      client_secret: entra.clientSecret,
      scope: `${audience}/.default`,
    });
    const { text } = await send(`${entra.url}/${entra.tenantId}/oauth2/v2.0/token`, {
      method: 'POST',
      type: 'application/x-www-form-urlencoded',
      body: form.toString(),
    });
    return (JSON.parse(text) as { access_token: string }).access_token;
  }

  const [graph, vault] = await Promise.all([
    tokenFor('https://graph.microsoft.com'),
    tokenFor('https://vault.azure.net'),
  ]);

  return async words => {
    const flag = (name: string): string => words[words.indexOf(name) + 1] ?? '';
    switch (words.slice(0, 2).join(' ')) {
      case 'ad user':
        return endedWith(await send(`${entra.url}/v1.0/users/${flag('--id')}`, { token: graph }));
      case 'ad group': {
        const url = `${entra.url}/v1.0/groups/${flag('--group')}/transitiveMembers`;
        return endedWith(await send(url, { token: graph }), 'value');
      }
      default: {
        const address = (environment['KEY_VAULT_URL'] ?? '').replace('{vault}', flag('--vault-name'));
        const url = `${address}/secrets/${flag('--name')}?api-version=7.5`;
        const body = JSON.stringify({ value: flag('--value') });
        return endedWith(await send(url, { method: 'PUT', token: vault, body }));
      }
    }
  };
}

function endedWith({ ok, text }: Answer, field?: string): Ended {
  if (!ok) return { code: 1, stdout: '', stderr: 'ERROR: it was refused\n' };
  const answer = JSON.parse(text) as Record<string, unknown>;
  return { code: 0, stdout: JSON.stringify(field === undefined ? answer : answer[field]), stderr: '' };
}
