import { z } from 'zod';

const Option = z.looseObject({ value: z.string().max(2_000) });

/** What was filled in at one input. */
const Field = z.looseObject({
  value: z.string().nullish(),
  selected_option: Option.nullish(),
  selected_options: z.array(Option).nullish(),
  selected_users: z.array(z.string()).nullish(),
  selected_conversation: z.string().nullish(),
});
const State = z.looseObject({ values: z.record(z.string(), z.record(z.string(), Field)) });

/** What was filled in, by block_id: each block of ours has one input. */
export type Filled = Readonly<Record<string, z.infer<typeof Field> | undefined>>;

/** Reads a view's state; nothing is filled in where it is none. */
export function filledIn(state: unknown): Filled {
  const { data } = State.safeParse(state);
  const inputs = Object.entries(data?.values ?? {});
  return Object.fromEntries(inputs.map(([block, elements]) => [block, Object.values(elements)[0]]));
}
