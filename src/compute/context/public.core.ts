/** The public names of every entry that opens contexts, whatever its rooms. */

export type { Progress } from '../../util/callbacks.js';
export { EwaldError, type EwaldErrorTag, isEwaldError } from '../../util/errors.js';
export type { Log, LogLevel, LogSink } from '../../util/log.js';
export type { Disposable } from '../../util/resource.js';
export { version } from '../../util/version.js';
export type { AuditOptions, AuditReport } from '../backends/audit-options.js';
export type { BackendInfo, ContextOptions, GpuDeviceLike, WebGpuOptions } from '../backends/context-options.js';
export type { EngineReport, ExternalEngine } from '../backends/engines.js';
export type { BackendName, DeviceInfo, WasmSource } from '../backends/names.js';
export type { DeviceReport } from '../backends/open.js';
export type { ContextCore } from './context.js';
