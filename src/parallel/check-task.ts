/** Checks a task before it is sent. */
import { absoluteAddress } from '../util/addresses.js';
import { EwaldError } from '../util/errors.js';
import { inspect, knownOptions } from '../util/options.js';
import { registeredNames } from './registered-names.js';
import type { InputReference, Task, TaskSpec } from './task.js';

const isUrl = (text: string): boolean => /^[a-z][a-z0-9+.-]+:/i.test(text);
const sha256 = /^[0-9a-f]{64}$/;

/** Validates a task; `names` are registered modules in addition to the package's own. */
export function checkTask(task: Task, index: number, names: readonly string[]): TaskSpec {
  const what = `task ${index}`;
  if (typeof task !== 'object' || task === null)
    throw new EwaldError('Argument', `${what} is ${String(task)}; expected an object { module, function, argument }`);
  knownOptions(what, task, ['id', 'module', 'function', 'argument', 'transfer', 'inputs', 'uses']);
  const module = checkModule(`${what}: module`, task.module, names);
  if (task.id !== undefined && typeof task.id !== 'string')
    throw new EwaldError('Argument', `${what}: id is ${inspect(task.id)}; expected a string`);
  const uses = (task.uses ?? []).map((use) => checkModule(`${what}: uses`, use, names));
  const name = task.function ?? 'default';
  if (typeof name !== 'string' || name === '')
    throw new EwaldError('Argument', `${what}: function is ${String(name)}; expected the name of an export`);
  for (const buffer of task.transfer ?? []) {
    if (!(buffer instanceof ArrayBuffer))
      throw new EwaldError('Argument', `${what}: transfer holds a value that is not an ArrayBuffer`);
  }
  const inputs: Record<string, InputReference> = {};
  for (const [key, reference] of Object.entries(task.inputs ?? {})) {
    checkReference(`${what}: input "${key}"`, reference);
    // An address in a page is relative to the page, and not to the script of the worker that reads it.
    inputs[key] = 'url' in reference ? { url: absoluteAddress(reference.url) } : reference;
  }
  return {
    id: task.id ?? String(index),
    module,
    function: name,
    argument: task.argument,
    transfer: task.transfer ?? [],
    inputs,
    uses: Object.fromEntries(uses.map((use) => [use, use])),
  };
}

function checkModule(what: string, given: Task['module'], names: readonly string[]): string {
  const module = String(given ?? '');
  const known = [...registeredNames, ...names];
  if (!known.includes(module) && !isUrl(module))
    throw new EwaldError(
      'Argument',
      `${what} is "${module}"; expected a registered name (${known.join(', ')}) or an absolute URL such as new ` +
        `URL('./tasks.js', import.meta.url)`,
    );
  return module;
}

export function checkReference(what: string, reference: InputReference): void {
  const [[kind, value] = ['', undefined], ...more] = Object.entries(reference ?? {});
  if (more.length > 0 || !['path', 'url', 'hash'].includes(kind) || typeof value !== 'string' || value === '')
    throw new EwaldError(
      'Argument',
      `${what} is ${(JSON.stringify(reference) ?? 'undefined').slice(0, 200)}; it has to be { path }, { url } or ` +
        '{ hash }',
    );
  if (kind === 'hash' && !sha256.test(value))
    throw new EwaldError(
      'Argument',
      `${what} has the hash "${value.slice(0, 100)}"; it has to be 64 hexadecimal digits, from share()`,
    );
}
