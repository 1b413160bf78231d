/**
 * What is accepted from the cluster. Anyone the server lets in can publish anything, so a message is only data until it
 * has passed here: its fields are checked one by one, and modules are looked up by name, never loaded from a location in
 * a message.
 */
import { EwaldError, type PlainError, plainDetail } from '../../util/errors.js';
import { checkReference } from '../check-task.js';
import type { WorkerInfo, WorkerState } from '../executor.js';
import { isRegistered } from '../registered.js';
import { registeredNames } from '../registered-names.js';
import type { InputReference } from '../task.js';
import type { ResultMessage, TaskMessage } from './messages.js';

/** The names of runs and workers, which are parts of subjects. */
export const namePattern = /^[a-z0-9]{1,64}$/;
export const sha256Pattern = /^[0-9a-f]{64}$/;

/** Identifies a task: its run and its number in the run. */
interface TaskKey {
  readonly run: string;
  readonly index: number;
}

export type Fields = Readonly<Record<string, unknown>>;

export function refuse(what: string): never {
  throw new EwaldError('Format', `the message cannot be used: ${what}`);
}
export const isCount = (value: unknown, max: number): value is number =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) <= max;

export const readFields = (what: string, value: unknown): Fields => {
  const isPlainObject =
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  return isPlainObject ? (value as Fields) : refuse(`${what} is not an object`);
};

export const readText = (fields: Fields, name: string): string => {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  return typeof value === 'string' ? value : refuse(`its ${name} is not text`);
};

/** The build stated in a message, which is the only field that is read from messages of another build. */
export const buildOf = (message: unknown): string => readText(readFields('it', message), 'build');

/** Checks every field of a task message against its type. Throws `Format` or `Argument`. */
export function admitTask(message: unknown, key: TaskKey): TaskMessage {
  const fields = readFields('it', message);
  const { index, retries, seconds } = fields;
  if (readText(fields, 'run') !== key.run || index !== key.index)
    refuse('its run or index does not match the task it was sent for');
  if (!isCount(retries, 10)) refuse('its retries are not a whole number from 0 to 10');
  if (!(typeof seconds === 'number' && seconds > 0)) refuse('its seconds must be a positive number');
  const name = readText(fields, 'function');
  if (name === '' || name in Object.prototype) refuse('its function is not the name of an export');
  const inputs = readFields('its inputs field', fields.inputs) as Readonly<Record<string, InputReference>>;
  for (const [name, reference] of Object.entries(inputs)) checkReference(`input "${name}"`, reference);
  const uses = readFields('its uses field', fields.uses);
  for (const module of Object.values(uses))
    if (typeof module !== 'string') refuse('the name of a module it uses is not text');
  return {
    build: readText(fields, 'build'),
    run: key.run,
    index: key.index,
    id: readText(fields, 'id'),
    module: readText(fields, 'module'),
    function: name,
    argument: fields.argument,
    inputs,
    uses: uses as TaskMessage['uses'],
    retries,
    seconds,
  };
}

/** Checks every field of an error and of its causes. */
function admitError(what: string, value: unknown): PlainError {
  const error = readFields(what, value);
  return {
    tag: error.tag === undefined ? undefined : (readText(error, 'tag') as PlainError['tag']),
    name: readText(error, 'name'),
    message: readText(error, 'message'),
    stack: readText(error, 'stack'),
    ...(error.detail === undefined ? {} : { detail: plainDetail(readFields('its detail', error.detail)) }),
    ...(error.cause === undefined ? {} : { cause: admitError('its cause', error.cause) }),
  };
}

/** Checks every field of a result against its type. Throws `Format`. */
export function admitResult(message: unknown): ResultMessage {
  const fields = readFields('it', message);
  const { value, attempts, seconds } = fields;
  if (!isCount(attempts, 1e6)) refuse('its attempts are not a count');
  if (!(typeof seconds === 'number' && seconds >= 0)) refuse('its seconds are not a number');
  const error = fields.error === undefined ? undefined : admitError('its error', fields.error);
  return { value, error, worker: readText(fields, 'worker'), attempts, seconds };
}

/** Checks a worker's description of itself, of which other fields are dropped. Throws `Format`. */
export function admitWorker(message: unknown): WorkerInfo {
  const fields = readFields('it', message);
  const { slots, backends, modules, allowModules } = fields;
  if (!isCount(slots, 1e6)) refuse('its slots are not a count');
  if (!Array.isArray(backends)) refuse('its backends are not a list');
  for (const backend of backends) readText(readFields('a backend', backend), 'backend');
  if (!Array.isArray(modules) || modules.some((name) => typeof name !== 'string'))
    refuse('its modules are not a list of names');
  if (typeof allowModules !== 'boolean') refuse('its allowModules is neither true nor false');
  return {
    name: readText(fields, 'name'),
    host: readText(fields, 'host'),
    platform: readText(fields, 'platform'),
    version: readText(fields, 'version'),
    build: readText(fields, 'build'),
    slots,
    backends,
    modules,
    allowModules,
    ...(fields.now === undefined ? {} : { now: admitState(fields.now) }),
  };
}

/** Checks what a worker says that it does. */
function admitState(message: unknown): WorkerState {
  const activity = readFields('its activity', message);
  const count = (name: string): number => {
    const value = activity[name];
    return isCount(value, Number.MAX_SAFE_INTEGER) ? value : refuse(`its ${name} is not a count`);
  };
  const { taskSeconds, leaving, memory } = activity;
  if (typeof taskSeconds !== 'number' || typeof leaving !== 'boolean') refuse('its activity is incomplete');
  if (memory !== undefined && !isCount(memory, Number.MAX_SAFE_INTEGER)) refuse('its memory is not a count');
  return {
    runs: count('runs'),
    running: count('running'),
    waiting: count('waiting'),
    done: count('done'),
    failed: count('failed'),
    taskSeconds,
    leaving,
    memory,
  };
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
  const accepts = allowModules ? `modules by name (${known}) and as source` : `modules by name only (${known})`;
  if (!sha256Pattern.test(hash))
    throw new EwaldError(
      'Unsupported',
      `the worker ${worker} knows no module "${escapeForLog(module)}"; it runs ${accepts}`,
    );
  if (!allowModules)
    throw new EwaldError(
      'Unsupported',
      `the task brings its module as source, and the worker ${worker} runs ${accepts}; ` +
        'start it with --allow-modules if you trust everyone who can submit',
    );
  return { hash };
}

/** Untrusted text for one line of a log: shortened, with control characters escaped. */
export const escapeForLog = (text: string): string => {
  const short = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return short.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (c) => `\\u{${c.codePointAt(0)?.toString(16)}}`);
};
