/** The names of every entry that opens contexts, whatever its rooms. */
export type { AuditOptions, AuditReport } from './audit-options.js';
export type { EngineReport, ExternalEngine } from './backends/engines.js';
export type { BackendName, DeviceInfo, WasmSource } from './backends/names.js';
export type { DeviceReport } from './backends/open.js';
export type { ContextCore } from './context.js';
export type { BackendInfo, ContextOptions } from './context-options.js';
export { EwaldError, type EwaldErrorTag, isEwaldError } from './errors.js';
export type { Log, LogLevel, LogSink } from './log.js';
export type { Disposable } from './resource.js';
export { version } from './version.js';
