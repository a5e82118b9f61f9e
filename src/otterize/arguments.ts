import { refused } from './failures.ts';

/** Ids as the cloud gives them; they never look like a flag. */
export const idPattern = /^[A-Za-z_]+_[a-z0-9]+$/;

const namePattern = /^[A-Za-z][A-Za-z0-9- _]{0,61}[A-Za-z0-9]$/;
const addressPattern = /^[\p{L}\p{N}.!#$&'*+/=?^_`{|}~-]+@[\p{L}\p{N}.-]+\.[\p{L}\p{N}]{2,}$/u;
const labelKeyPattern = /^[A-Za-z0-9]([A-Za-z0-9./_-]{0,61}[A-Za-z0-9])?$/;
/** A second `=` and `"` have a meaning of their own within the flag; `%` breaks what the program prints. */
const labelValuePattern = /^[^="%\p{C}\p{Zl}\p{Zp}]{0,255}$/u;

const shown = (text: string): string => JSON.stringify(text.slice(0, 80));

export function checkId(operation: string, id: string): string {
  if (!idPattern.test(id))
    throw refused(operation, `${shown(id)} is not an id of Otterize`, 'This is a bug or a wrong setting.');
  return id;
}

export function checkName(operation: string, name: string): string {
  if (namePattern.test(name)) return name;
  throw refused(
    operation,
    `Otterize takes no name like ${shown(name)}`,
    'A name has 2 to 63 letters, digits, spaces, - and _, begins with a letter and ends with a letter or a digit. Change the name template.',
  );
}

export function checkAddress(operation: string, address: string): string {
  if (address.length <= 254 && addressPattern.test(address)) return address;
  throw refused(
    operation,
    `${shown(address)} is no mail address that Otterize takes`,
    'Correct the address.',
    422,
  );
}

/** One argument for each label, the only form in which commas and spaces survive. */
export function labelArguments(operation: string, labels: Record<string, string>): string[] {
  return Object.entries(labels).map(([rawKey, rawValue]) => {
    const [key, value] = [rawKey.trim(), rawValue.trim()];
    if (labelKeyPattern.test(key) && labelValuePattern.test(value)) return `--labels=${key}=${value}`;
    throw refused(
      operation,
      `Otterize takes no label like ${shown(`${key}=${value}`)}`,
      'A key has letters, digits, and . / _ - within; a value has none of = " %. Change the labels.',
    );
  });
}
