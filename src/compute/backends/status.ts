/** Status codes of the C ABI as tagged errors. */
import { EwaldError, type EwaldErrorTag } from '../../util/errors.js';
import { coreEnums } from '../layout/core.js';

const tags: Record<number, EwaldErrorTag> = {
  [coreEnums.Status.invalidArgument]: 'Argument',
  [coreEnums.Status.outOfMemory]: 'OutOfMemory',
  [coreEnums.Status.limit]: 'Limit',
  [coreEnums.Status.noDevice]: 'Unsupported',
  [coreEnums.Status.driverTooOld]: 'Unsupported',
  [coreEnums.Status.deviceLost]: 'DeviceLost',
  [coreEnums.Status.device]: 'Internal',
  [coreEnums.Status.damaged]: 'Format',
};

/** The error for a status, with the core's message. */
export function coreError(status: number, message: string, cause?: unknown): EwaldError {
  return new EwaldError(tags[status] ?? 'Internal', message, { detail: { status }, cause });
}

/** What an addon threw, as a tagged error: it carries `status` when the core refused. */
export function addonError(thrown: unknown): EwaldError {
  const { status } = thrown as { status?: unknown };
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return typeof status === 'number'
    ? coreError(status, message, thrown)
    : new EwaldError('Internal', message, { cause: thrown });
}
