import { writeFile } from 'node:fs/promises';
import { fleetJsonSchema } from './json-schema.ts';

await writeFile('holt.schema.json', fleetJsonSchema());
