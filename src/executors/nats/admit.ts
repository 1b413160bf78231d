/**
 * What is accepted from the cluster. Anyone the server lets in can publish anything, so a message is only data until it
 * has passed here: its fields are checked one by one, and a module is looked up, never located by what was sent.
 */
import { EwaldError, type PlainError, plainDetail } from '../../base/errors.js';
import { checkReference } from '../check-task.js';
import type { WorkerInfo } from '../executor.js';
import { isRegistered } from '../registered.js';
import { registeredNames } from '../registered-names.js';
import type { InputReference } from '../task.js';
import type { ResultMessage, TaskMessage } from './messages.js';

/** Form of the names of runs and workers, which are parts of subjects. */
export const plainName = /^[a-z0-9]{1,64}$/;
export const sha256 = /^[0-9a-f]{64}$/;

/** Identifies a task: its run and its number in the run. */
interface TaskPlace {
  readonly run: string;
  readonly index: number;
}

export type Fields = Readonly<Record<string, unknown>>;

export const refuse = (what: string): never => {
  throw new EwaldError('Format', `the message cannot be used: ${what}`);
};
export const isCount = (value: unknown, most: number): boolean =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) <= most;

export const fieldsOf = (what: string, value: unknown): Fields => {
  const plain = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  return plain ? (value as Fields) : refuse(`${what} is not an object`);
};

export const textOf = (fields: Fields, name: string): string => {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  return typeof value === 'string' ? value : refuse(`its ${name} is not text`);
};

/** The build stated in a message, which is the only field that is read from messages of another build. */
export const buildOf = (given: unknown): string => textOf(fieldsOf('it', given), 'build');

/** Checks every field of a task message against its type. Throws `Format` or `Argument`. */
export function admitTask(given: unknown, place: TaskPlace): TaskMessage {
  const fields = fieldsOf('it', given);
  const { index, retries, seconds } = fields;
  if (textOf(fields, 'run') !== place.run || index !== place.index) refuse('it is for another place than was stated');
  if (!isCount(retries, 10)) refuse('its retries are not a whole number from 0 to 10');
  if (!(typeof seconds === 'number' && seconds > 0)) refuse('its seconds are not a number above 0');
  const name = textOf(fields, 'function');
  if (name === '' || name in Object.prototype) refuse('its function is not the name of an export');
  const inputs = fieldsOf('the list of its inputs', fields.inputs) as Readonly<Record<string, InputReference>>;
  for (const [name, reference] of Object.entries(inputs)) checkReference(`input "${name}"`, reference);
  const uses = fieldsOf('the list of modules it uses', fields.uses);
  for (const module of Object.values(uses))
    if (typeof module !== 'string') refuse('a module it uses is not named by text');
  return {
    build: textOf(fields, 'build'),
    run: place.run,
    index: place.index,
    id: textOf(fields, 'id'),
    module: textOf(fields, 'module'),
    function: name,
    argument: fields.argument,
    inputs,
    uses: uses as TaskMessage['uses'],
    retries: Number(retries),
    seconds: Number(seconds),
  };
}

/** Checks every field of an error and of its causes. */
function admitError(what: string, given: unknown): PlainError {
  const flat = fieldsOf(what, given);
  return {
    tag: flat.tag === undefined ? undefined : (textOf(flat, 'tag') as PlainError['tag']),
    name: textOf(flat, 'name'),
    message: textOf(flat, 'message'),
    stack: textOf(flat, 'stack'),
    ...(flat.detail === undefined ? {} : { detail: plainDetail(fieldsOf('its detail', flat.detail)) }),
    ...(flat.cause === undefined ? {} : { cause: admitError('its cause', flat.cause) }),
  };
}

/** Checks every field of a result against its type. Throws `Format`. */
export function admitResult(given: unknown): ResultMessage {
  const fields = fieldsOf('it', given);
  const { value, attempts, seconds } = fields;
  if (!isCount(attempts, 1e6)) refuse('its attempts are not a count');
  if (!(typeof seconds === 'number' && seconds >= 0)) refuse('its seconds are not a number');
  const error = fields.error === undefined ? undefined : admitError('its error', fields.error);
  return { value, error, worker: textOf(fields, 'worker'), attempts: Number(attempts), seconds: Number(seconds) };
}

/** Checks a worker's description of itself. Throws `Format`. */
export function admitWorker(given: unknown): WorkerInfo {
  const fields = fieldsOf('it', given);
  for (const name of ['name', 'host', 'platform', 'version', 'build']) textOf(fields, name);
  if (!isCount(fields.slots, 1e6)) refuse('its slots are not a count');
  const { backends, modules, allowModules } = fields;
  if (!Array.isArray(backends)) return refuse('its backends are not a list');
  for (const backend of backends) textOf(fieldsOf('a backend', backend), 'backend');
  if (!Array.isArray(modules) || modules.some((name) => typeof name !== 'string'))
    refuse('its modules are not a list of names');
  if (typeof allowModules !== 'boolean') refuse('its allowModules is neither true nor false');
  if (fields.now !== undefined) {
    const now = fieldsOf('what it does', fields.now);
    for (const name of ['runs', 'running', 'waiting', 'done', 'failed'])
      if (!isCount(now[name], Number.MAX_SAFE_INTEGER)) refuse(`its ${name} is not a count`);
    if (typeof now.taskSeconds !== 'number' || typeof now.leaving !== 'boolean') refuse('its state is incomplete');
  }
  return fields as unknown as WorkerInfo;
}

/** Whether a worker runs a module that a task names. */
export const runsModule = (
  { modules = [], allowModules }: Pick<WorkerInfo, 'modules' | 'allowModules'>,
  module: string,
): boolean =>
  isRegistered(module) || modules.includes(module) || (allowModules === true && module.startsWith('source:'));

/** A module that a worker may run: a registered name, or source identified by its hash. */
type AdmittedModule = { readonly name: string } | { readonly hash: string };

/**
 * Finds the module that a task names. Names are compared, never resolved: a URL, a path or a package name is refused
 * regardless of `allowModules`, because source is sent by its hash. Throws `Unsupported`.
 */
export function admitModule(
  module: string,
  { name: worker, modules: names = [], allowModules }: WorkerInfo,
): AdmittedModule {
  if (isRegistered(module) || names.includes(module)) return { name: module };
  const hash = module.startsWith('source:') ? module.slice('source:'.length) : '';
  const known = [...registeredNames, ...names].join(', ');
  if (!sha256.test(hash))
    throw new EwaldError(
      'Unsupported',
      `the worker ${worker} knows no module "${clipped(module)}"; it runs modules by name only (${known})`,
    );
  if (!allowModules)
    throw new EwaldError(
      'Unsupported',
      `the task brings its module as source, and the worker ${worker} runs modules by name only (${known}); ` +
        'start it with --allow-modules if you trust everyone who can submit',
    );
  return { hash };
}

/** Untrusted text as part of one line: shortened, with control characters escaped. */
export const clipped = (text: string): string => {
  const short = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return short.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (c) => `\\u{${c.charCodeAt(0).toString(16)}}`);
};
