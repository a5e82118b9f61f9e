import { z } from 'zod';
import {
  Accessory,
  ActionsElement,
  anyText,
  chars,
  codePoints,
  type Element,
  Image,
  InputElement,
  plainText,
  someId,
} from './slack-elements.ts';
import { RichText } from './slack-rich-text.ts';

type Surface = 'message' | 'modal' | 'home';

/** What each surface takes, and the extent that Slack bears [D, reference slack A2]. */
const MOST_BLOCKS: Record<Surface, number> = { message: 50, modal: 100, home: 100 };
const MOST_MARKDOWN = 12_000;

const block_id = someId();

const Section = z
  .strictObject({
    type: z.literal('section'),
    block_id,
    text: anyText(3000).optional(),
    fields: z.array(anyText(2000)).min(1).max(10).optional(),
    accessory: Accessory.optional(),
    expand: z.boolean().optional(),
  })
  .refine(({ text, fields }) => text !== undefined || fields !== undefined, 'missing required field: text');

const Actions = z
  .strictObject({ type: z.literal('actions'), block_id, elements: z.array(ActionsElement).min(1).max(25) })
  .refine(
    ({ elements }) => new Set(elements.map(each => each.action_id)).size === elements.length,
    'action_id already exists',
  );

const Context = z.strictObject({
  type: z.literal('context'),
  block_id,
  elements: z
    .array(z.union([anyText(2000), Image]))
    .min(1)
    .max(10),
});

const Header = z.strictObject({ type: z.literal('header'), block_id, text: plainText(150) });
const Divider = z.strictObject({ type: z.literal('divider'), block_id });
const Markdown = z.strictObject({ type: z.literal('markdown'), block_id, text: chars(MOST_MARKDOWN) });
const RichTextBlock = RichText.extend({ block_id });

const Input = z.strictObject({
  type: z.literal('input'),
  block_id,
  label: plainText(2000),
  hint: plainText(2000).optional(),
  optional: z.boolean().optional(),
  dispatch_action: z.boolean().optional(),
  element: InputElement,
});

const TaskCard = z.strictObject({
  type: z.literal('task_card'),
  block_id,
  task_id: chars(255),
  title: z.string().min(1),
  status: z.enum(['pending', 'in_progress', 'complete', 'error']),
  details: RichText.optional(),
  output: RichText.optional(),
  sources: z.array(z.strictObject({ type: z.literal('url'), url: z.url(), text: z.string() })).optional(),
});

const Plan = z.strictObject({
  type: z.literal('plan'),
  block_id,
  title: z.string().min(1),
  tasks: z.array(TaskCard).optional(),
});

const Cell = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('raw_text'), text: chars(2000) }),
  z.strictObject({ type: z.literal('raw_number'), value: z.number() }),
  RichText,
]);

/** [D, reference slack A2]: by the docs 101 rows with the header, twenty columns, 20,000 characters. */
const DataTable = z
  .strictObject({
    type: z.literal('data_table'),
    block_id,
    caption: chars(150),
    rows: z.array(z.array(Cell).min(1).max(20)).min(2).max(101),
    page_size: z.int().min(1).max(100).optional(),
    row_header_column_index: z.int().min(0).optional(),
  })
  .refine(({ rows }) => rows[0]?.every(({ type }) => type !== 'rich_text'), 'a header cell is no rich text')
  .refine(({ rows }) => new Set(rows.map(row => row.length)).size === 1, 'rows must have equal lengths')
  .refine(({ rows }) => JSON.stringify(rows).length <= 20_000, 'the table is too long');

const Block = z.discriminatedUnion('type', [
  Section,
  Actions,
  Context,
  Header,
  Divider,
  Markdown,
  RichTextBlock,
  Input,
  TaskCard,
  Plan,
  DataTable,
]);
export type Block = z.output<typeof Block>;
export type TaskCard = z.output<typeof TaskCard>;

/** Where a block may stand [T, D, reference slack A2]; inputs in messages are left out. */
const SURFACES: Record<Block['type'], readonly Surface[]> = {
  section: ['message', 'modal', 'home'],
  actions: ['message', 'modal', 'home'],
  context: ['message', 'modal', 'home'],
  header: ['message', 'modal', 'home'],
  divider: ['message', 'modal', 'home'],
  rich_text: ['message', 'modal', 'home'],
  markdown: ['message'],
  input: ['modal', 'home'],
  task_card: ['message'],
  plan: ['message'],
  data_table: ['message'],
};

export interface Rules {
  surface: Surface;
  /** Older workspaces do not know `plan`, `task_card` and `data_table`. */
  refuseNewBlocks: boolean;
}

/** Block Kit as Slack accepts it, with the ids that Slack would make up. */
const blocksOn = ({ surface, refuseNewBlocks }: Rules) =>
  z
    .array(
      Block.refine(
        ({ type }) =>
          SURFACES[type].includes(surface) &&
          !(refuseNewBlocks && /^(plan|task_card|data_table)$/.test(type)),
        { path: ['type'], error: ({ input }) => `unsupported type: ${(input as Block).type}` },
      ),
    )
    .max(MOST_BLOCKS[surface], `no more than ${MOST_BLOCKS[surface]} items allowed`)
    .refine(
      blocks => new Set(blocks.map(each => each.block_id)).size === blocks.length,
      'block_id already exists',
    )
    .refine(
      blocks =>
        blocks.reduce((sum, each) => sum + (each.type === 'markdown' ? codePoints(each.text) : 0), 0) <=
        MOST_MARKDOWN,
      `markdown must be less than ${MOST_MARKDOWN + 1} characters`,
    );

const shared = {
  callback_id: z.string().max(255).default(''),
  external_id: z.string().max(255).default(''),
  private_metadata: z.string().max(3000).default(''),
};

const HomeView = z.strictObject({
  type: z.literal('home'),
  ...shared,
  blocks: blocksOn({ surface: 'home', refuseNewBlocks: false }),
});

const ModalView = z
  .strictObject({
    type: z.literal('modal'),
    ...shared,
    title: plainText(24),
    submit: plainText(24).optional(),
    close: plainText(24).optional(),
    clear_on_close: z.boolean().default(false),
    notify_on_close: z.boolean().default(false),
    blocks: blocksOn({ surface: 'modal', refuseNewBlocks: false }),
  })
  .refine(({ submit, blocks }) => submit !== undefined || !blocks.some(({ type }) => type === 'input'), {
    path: ['submit'],
    error: 'missing required field: submit',
  });

const View = z.discriminatedUnion('type', [HomeView, ModalView]);
export type ViewContent = z.output<typeof View>;

type Checked<T> = { value: T; problems?: never } | { value?: never; problems: string[] };

function check<T>(schema: z.ZodType<T>, value: unknown, root: string): Checked<T> {
  const result = schema.safeParse(value, { error: slackWords });
  if (result.success) return { value: result.data };
  return {
    problems: result.error.issues.map(
      ({ message, path }) => `${message} [json-pointer:/${[root, ...path].join('/')}]`,
    ),
  };
}

function slackWords(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'unrecognized_keys') return `invalid additional property: ${issue.keys.join(', ')}`;
  if (issue.code === 'invalid_union' && issue['discriminator'] !== undefined)
    return `unsupported type: ${String((issue.input as { type?: unknown } | null)?.type)}`;
  if (issue.code === 'invalid_type' && issue.input === undefined) return 'missing required field';
  return undefined;
}

export const checkBlocks = (value: unknown, rules: Rules): Checked<Block[]> =>
  check(blocksOn(rules), value, 'blocks');

export const checkView = (value: unknown): Checked<ViewContent> => check(View, value, 'view');

/** Everything in these blocks that a person can press or fill in, with the block it stands in. */
export function elementsOf(blocks: readonly Block[]): { block: Block; element: Element }[] {
  return blocks.flatMap((block): { block: Block; element: Element }[] => {
    if (block.type === 'actions') return block.elements.map(element => ({ block, element }));
    if (block.type === 'input') return [{ block, element: block.element }];
    if (block.type === 'section' && block.accessory !== undefined && block.accessory.type !== 'image')
      return [{ block, element: block.accessory }];
    return [];
  });
}

/** Code points of all that is read in these blocks. */
export function readableLength(value: unknown, key = ''): number {
  if (typeof value === 'string') return key === 'text' || key === 'title' ? codePoints(value) : 0;
  if (typeof value !== 'object' || value === null) return 0;
  return Object.entries(value).reduce((sum, [name, each]) => sum + readableLength(each, name), 0);
}
