/** What base64 makes of a text wherever it stands in a longer one: three alignments, without what its neighbours change. */
const base64Forms = (bytes: Buffer, encoding: 'base64' | 'base64url'): string[] =>
  [0, 1, 2].map(offset => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString(encoding);
    return encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
  });

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);

/** The ways in which a secret, or either end of it, may be written: how some tokens begin says only whose they are. */
export const formsOf = (secret: string): string[] =>
  [secret, secret.slice(0, 12), secret.slice(-12)].flatMap(encodingsOf);

function encodingsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const hex = bytes.toString('hex');
  return [
    secret,
    ...base64Forms(bytes, 'base64'),
    ...base64Forms(bytes, 'base64url'),
    hex,
    hex.toUpperCase(),
    encodeURIComponent(secret),
    inJson(secret),
    // A log line that quotes an answer that was JSON.
    inJson(inJson(secret)),
  ];
}

const headLength = 8;
const bucket = (text: string, at: number): number =>
  (text.charCodeAt(at) * 961 + text.charCodeAt(at + 1) * 31 + text.charCodeAt(at + 2)) & 0xffff;

/** Looks for any of many texts at once, so that megabytes can be searched for hundreds of secrets in all their forms. */
export function finderOf(forms: readonly string[]): (text: string) => boolean {
  const heads = new Map<string, string[]>();
  const begins = new Uint8Array(0x1_0000);
  for (const form of forms) {
    if (form.length < headLength)
      throw new Error(`a form of ${form.length} characters would be found anywhere`);
    const head = form.slice(0, headLength);
    heads.set(head, [...(heads.get(head) ?? []), form]);
    begins[bucket(form, 0)] = 1;
  }
  return text => {
    for (let at = 0; at + headLength <= text.length; at += 1) {
      if (begins[bucket(text, at)] !== 1) continue;
      const candidates = heads.get(text.slice(at, at + headLength));
      if (candidates?.some(form => text.startsWith(form, at)) === true) return true;
    }
    return false;
  };
}
