/** The log of a context: a level and a sink, both changeable at run time. */
import { callback } from './callbacks.js';
import { EwaldError } from './errors.js';
import { inspect } from './options.js';

/** Levels, quietest first; a level shows its own messages and those of all levels before it. */
const logLevels = ['silent', 'error', 'warn', 'info', 'debug'] as const;
/** One of `silent`, `error`, `warn`, `info`, `debug`. */
export type LogLevel = (typeof logLevels)[number];

/** Receives log lines. */
export type LogSink = (level: Exclude<LogLevel, 'silent'>, message: string) => void;

/** The log of a context. Assign to `level` or `sink` at any time. */
export interface Log {
  /** The most verbose level shown; default `warn`, or EWALD_LOG_LEVEL (INDEXER_LOG_LEVEL). */
  level: LogLevel;
  /** Receives each line; default `console.error`, which keeps standard output for results. */
  sink: LogSink;
}

/** Parses a level name; the names of the original indexer (`fatal`, `warning`) are also accepted. */
export function parseLogLevel(text: string, from: string): LogLevel {
  if (typeof text !== 'string')
    throw new EwaldError('Argument', `${from} is ${inspect(text)}; use one of ${logLevels.join(', ')}`);
  const name =
    { fatal: 'error', warning: 'warn', none: 'silent', off: 'silent' }[text.toLowerCase()] ?? text.toLowerCase();
  const level = logLevels.find((candidate) => candidate === name);
  if (!level) throw new EwaldError('Argument', `${from} is "${text}"; use one of ${logLevels.join(', ')}`);
  return level;
}

/** A log with convenience methods. */
export class Logger implements Log {
  level: LogLevel;
  sink: LogSink;

  constructor(level: LogLevel, sink: LogSink = (severity, message) => console.error(`ewald ${severity}: ${message}`)) {
    this.level = level;
    this.sink = sink;
  }

  write(level: Exclude<LogLevel, 'silent'>, message: string): void {
    if (logLevels.indexOf(level) <= logLevels.indexOf(this.level)) callback('log.sink', this.sink)(level, message);
  }
}
