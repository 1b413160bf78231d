/** Tasks and results on a cluster, as encoded in parcels. */
import type { PlainError } from '../../util/errors.js';
import type { InputReference } from '../task.js';

/** A submitted task. */
export interface TaskMessage {
  readonly build: string;
  readonly run: string;
  readonly index: number;
  readonly id: string;
  /** A registered name, or `source:` and the hash of a module's source. */
  readonly module: string;
  readonly function: string;
  readonly argument: unknown;
  readonly inputs: Readonly<Record<string, InputReference>>;
  /** Further modules in the same form, by their names in the task. */
  readonly uses: Readonly<Record<string, string>>;
  readonly retries: number;
  readonly seconds: number;
}

/** The result of a task. */
export interface ResultMessage {
  readonly value: unknown;
  readonly error: PlainError | undefined;
  readonly worker: string;
  readonly attempts: number;
  readonly seconds: number;
}
