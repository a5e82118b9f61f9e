import { z } from 'zod';
import { Fleet } from './onboarding/fleet-schema.ts';

/** The text of holt.schema.json, made from the schema that the product reads holt.yaml with. */
export function fleetJsonSchema(): string {
  const schema = z.toJSONSchema(Fleet, { io: 'input', reused: 'ref' });
  return `${JSON.stringify({ ...schema, title: 'holt.yaml' }, null, 2)}\n`;
}
