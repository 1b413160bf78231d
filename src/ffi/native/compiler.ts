/** The preprocessor of the system's C compiler (`cc -E`), or of another one that the caller names. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { longBytes, pointerBytes } from '../../memory/model.js';
import { EwaldError } from '../../util/errors.js';
import { type Definitions, definitionMap } from '../header/parse.js';
import type { SourceFile } from '../header/source.js';
import type { DataModel } from '../header/types.js';
import { environment } from './headers.js';
import { processModel } from './koffi.js';

/** What is preprocessed, and for which target. */
export interface Preprocessing {
  readonly file: SourceFile;
  /** Whether its name is a path, and not only a name in messages. */
  readonly isStored: boolean;
  readonly folders: readonly string[];
  readonly definitions: Definitions | undefined;
  /** Default that of the compiler. */
  readonly model: DataModel | undefined;
  /** The command to run; default the system's compiler, if it is one for the model. */
  readonly cpp?: string | undefined;
}

/** The text that a compiler leaves, with line markers, its target, and its warnings. */
export interface Compiled {
  readonly text: string;
  readonly model: DataModel;
  readonly warnings: readonly string[];
}

/** Longest time and longest text of a preprocessor: a header of a few lines can ask for more than a machine has. */
const timeout = 20_000;
const maxBuffer = 2 ** 28;
const limits = '/usr/bin/prlimit';

/** Splits a command into words at blanks outside quotes. No shell is involved. */
const words = (command: string): string[] =>
  [...command.matchAll(/"([^"]*)"|'([^']*)'|[^\s"']+/g)].map((match) => match[1] ?? match[2] ?? match[0]);

/** Commands to try for a target; none if the system's compiler is not for it. */
function commands({ cpp, model }: Preprocessing): readonly (readonly string[])[] {
  if (cpp !== undefined) {
    const command = words(cpp);
    // Without its macros a header has no constants.
    const keeps = !command.includes('-E') || command.some((word) => word.startsWith('-d'));
    if (command.length > 0) return [keeps ? command : [...command, '-dD']];
    throw new EwaldError('Argument', 'the preprocessor is an empty text; expected a command such as gcc -E');
  }
  if ((model ?? processModel()) !== processModel() || process.platform === 'win32') return [];
  const named = words(environment('CC'));
  const names = named.length > 0 ? [named] : [['cc'], ['gcc'], ['clang']];
  return names.map((command) => [...command, '-E', '-dD']);
}

/**
 * Runs the preprocessor; undefined if there is none.
 *
 * @throws `Load` if it fails, if the command does not exist, or if it is a compiler for another target.
 */
export function compiled(input: Preprocessing): Compiled | undefined {
  const { file, isStored, folders, definitions, model } = input;
  const rest = [
    ...['-x', 'c'],
    ...folders.map((folder) => `-I${resolve(folder)}`),
    ...[...definitionMap(definitions)].map(([name, value]) => `-D${name}=${value}`),
    isStored ? resolve(file.name) : '-',
  ];
  // A text says its name and first line itself.
  const text = isStored ? '' : `# 1 ${JSON.stringify(file.name)}\n${file.text}`;
  const bounds = existsSync(limits) && input.cpp === undefined ? [limits, '--as=4294967296', '--cpu=20'] : [];
  for (const command of commands(input)) {
    const [program = '', ...args] = [...bounds, ...command, ...rest];
    const { stdout, stderr, status, error } = run(program, args, text);
    const isAbsent = isMissing(error) || (bounds.length > 0 && status === 127 && /^prlimit: /.test(stderr));
    if (isAbsent && input.cpp === undefined && environment('CC') === '') continue;
    if (isAbsent || error || status !== 0)
      throw refusal(command, file, isAbsent ? 'there is no such program' : (error ?? stderr));
    const target = model ?? modelOf(stdout) ?? processModel();
    assertTarget(stdout, command, target);
    const warnings = stderr
      .split('\n')
      .filter((line) => /^[^<\s].*: warning: /.test(line) && !/#(?:pragma once|include_next)/.test(line));
    return { text: stdout, model: target, warnings: warnings.map((line) => line.replace(': warning: ', ': ')) };
  }
  return undefined;
}

interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
  readonly error?: (Error & { code?: string }) | undefined;
}

function run(program: string, args: readonly string[], input: string): Ended {
  try {
    const env = { ...process.env, LC_ALL: 'C' };
    return spawnSync(program, args, { encoding: 'utf8', input, timeout, maxBuffer, env });
  } catch (error) {
    // A runtime that denies programs may throw instead.
    return { stdout: '', stderr: '', status: null, error: error as Error };
  }
}

/** Whether a program was not started: it is absent, or the runtime denies running programs. */
const isMissing = (error: Ended['error']): boolean =>
  error !== undefined && error.code !== 'ETIMEDOUT' && error.code !== 'ENOBUFS';

function refusal(command: readonly string[], { name }: SourceFile, reason: Error | string): EwaldError {
  const code = (reason as { code?: string }).code;
  const why =
    typeof reason === 'string'
      ? reason.trim().split('\n').slice(0, 6).join('\n') || 'it ended without a message'
      : code === 'ETIMEDOUT'
        ? `it takes more than ${timeout / 1000} s`
        : `it writes more than ${maxBuffer} bytes`;
  return new EwaldError('Load', `${command.join(' ')} does not preprocess ${name}: ${why}`, { cause: reason });
}

const sizes = [
  ['POINTER', pointerBytes],
  ['LONG', longBytes],
] as const;

/** The bytes of a type, if the macros of a compiler say them. */
const sizeIn = (text: string, type: string): string | undefined =>
  new RegExp(`^#define __SIZEOF_${type}__ (\\d+)$`, 'm').exec(text)?.[1];

/** The target of a compiler by its macros; undefined if they do not say it. */
const modelOf = (text: string): DataModel | undefined =>
  (Object.keys(pointerBytes) as DataModel[]).find((model) =>
    sizes.every(([type, bytes]) => sizeIn(text, type) === `${bytes[model]}`),
  );

/** Refuses a compiler for another target, whose headers have other layouts. */
function assertTarget(text: string, command: readonly string[], model: DataModel): void {
  for (const [type, bytes] of sizes) {
    const size = sizeIn(text, type);
    if (size !== undefined && Number(size) !== bytes[model])
      throw new EwaldError(
        'Load',
        `${command.join(' ')} is for another target: its ${type.toLowerCase()} has ${size} bytes, but ` +
          `${bytes[model]} on ${model}; name a compiler for it with cpp (--cpp)`,
      );
  }
}
