/**
 * Runs that a page starts on the machine of its server: a process of the package's own command, without a shell, that
 * writes into one folder. A run survives its page; the server ends it as Ctrl-C does, or leaves it behind.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { constants, existsSync } from 'node:fs';
import { type FileHandle, lstat, open, readdir, realpath } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkedOptions, row } from '../options/call-options.js';
import { argumentError } from '../options/parameters.js';
import { inShell } from '../options/shell-words.js';
import { EwaldError } from '../util/errors.js';
import { fileReason } from '../util/file-errors.js';
import { inspect } from '../util/options.js';
import { broughtFiles } from './brought-files.js';
import type { StartParameters } from './parameter-types.js';
import { indexWords, type RunInput, scanWords } from './run-words.js';

/** What a page asks for. */
interface AskedRun {
  readonly kind: 'index' | 'run';
  /** What the names of its files begin with; without it, that of the input. */
  readonly name?: string | undefined;
  readonly settings: unknown;
  readonly analysis?: unknown;
  /** Whether an analysis takes a calibration: that of the page, or the one that the server was given. */
  readonly isCalibrated?: boolean | undefined;
  /** A calibration, and the text of a geometry, that the page made. */
  readonly calibration?: unknown;
  readonly geometry?: unknown;
  /** Whether it writes a report. */
  readonly report?: boolean | undefined;
  /** The command that the page has shown. */
  readonly command?: string | undefined;
}

const askedRows = {
  kind: row.required(row.choice(['index', 'run'])),
  name: row.text,
  settings: row.any,
  analysis: row.any,
  isCalibrated: row.flag,
  calibration: row.any,
  geometry: row.any,
  report: row.flag,
  command: row.text,
} as const;

/** A command before it runs. */
export interface OfferedRun {
  readonly name: string;
  /** As one types it. */
  readonly command: string;
  /** Files that it would replace. */
  readonly replaces: readonly string[];
  /** Why it cannot be started; undefined if it can. */
  readonly refusal: string | undefined;
}

/** A run as pages show it. */
export interface ShownRun {
  readonly id: number;
  readonly name: string;
  readonly command: string;
  readonly input: string;
  /** Of an entry of a folder: where it is. */
  readonly entry: RunInput['entry'];
  readonly state: 'running' | 'stopping' | 'finished' | 'doubtful' | 'stopped' | 'failed';
  /** From 0 to 1; undefined while it is unknown. */
  readonly share: number | undefined;
  readonly words: string;
  readonly seconds: number;
  readonly resumable: boolean;
  /** Names of what it has written, which `runs/ID/NAME` are the addresses of. */
  readonly files: readonly string[];
}

interface Started {
  readonly id: number;
  readonly name: string;
  readonly input: string;
  readonly entry: RunInput['entry'];
  /** The words without --resume. */
  readonly words: readonly string[];
  readonly outputs: readonly string[];
  child: ChildProcess | undefined;
  state: ShownRun['state'];
  share: number | undefined;
  said: string;
  beganMs: number;
  endedMs: number | undefined;
  ended: Promise<void>;
}

/** Runs that are remembered, oldest first to go. */
const maxKept = 100;
/** Time in which a run ends when the server does, ms; then the system ends it. */
const lastWordsMs = 30_000;
/** Bytes at the end of what a run has said that pages show. */
const tailBytes = 8192;

/** A name of letters and digits: it can lead nowhere, and no other name begins with it and a dot. */
const isName = (name: string): boolean => /^[a-z\d_][\w-]{0,79}$/i.test(name);
const nameFrom = (text: string): string =>
  text
    .replace(/[^\w-]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 60) || 'run';

export class StartedRuns {
  readonly folder: string;
  readonly #most: number;
  readonly #goOn: boolean;
  readonly #force: boolean;
  readonly #cli: string;
  readonly #runs = new Map<number, Started>();
  #count = 0;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(folder: string, cli: string, { maxRuns = 1, keepRuns = false, force = false }: StartParameters) {
    this.folder = folder;
    this.#cli = cli;
    this.#most = maxRuns;
    this.#goOn = keepRuns;
    this.#force = force;
  }

  /** Undefined without a folder. Throws `File` for one that cannot be written. */
  static async open(startParameters: StartParameters): Promise<StartedRuns | undefined> {
    const { outputDir } = startParameters;
    if (outputDir === undefined) return undefined;
    const fail = (why: string, cause?: unknown): never => {
      throw new EwaldError('File', `${outputDir}: ${why}`, { cause, detail: { path: outputDir } });
    };
    const folder = await realpath(outputDir).catch((cause) => fail(fileReason(cause), cause));
    if (!(await lstat(folder)).isDirectory()) fail('this is no folder; expected the folder of the outputs');
    const cli = fileURLToPath(new URL('./cli.js', import.meta.url));
    if (!existsSync(cli)) fail('the command of the package is not beside its library, so nothing can be started');
    return new StartedRuns(folder, cli, startParameters);
  }

  /** The command that a page asks for, and whether it may run. Throws `Argument` for what a page cannot ask for. */
  async offer(given: unknown, input: RunInput): Promise<OfferedRun> {
    const { words, name, replaces, refusal } = await this.#plan(given, input);
    return { name, command: commandOf(words), replaces, refusal };
  }

  /** Starts what a page has shown. Throws `Argument`, and `Conflict` in its detail for what may not run now. */
  start(given: unknown, input: RunInput): Promise<ShownRun> {
    return this.#inTurn(async () => {
      const planned = await this.#plan(given, input);
      const { words, name, outputs, refusal, asked } = planned;
      if (refusal !== undefined) throw conflict(refusal);
      if (asked.command !== commandOf(words))
        throw conflict('the command is another one than the page has shown; look at it again');
      const started: Started = {
        ...{ id: ++this.#count, name, words, outputs, input: basename(input.files[0] ?? ''), entry: input.entry },
        ...{ child: undefined, state: 'running', share: undefined, said: '', beganMs: 0, endedMs: undefined },
        ended: Promise.resolve(),
      };
      for (const { path, text } of planned.brought) await this.#write(path, text);
      await this.#spawn(started, false);
      this.#runs.set(started.id, started);
      for (const { id, child } of this.#runs.values())
        if (this.#runs.size > maxKept && child === undefined) this.#runs.delete(id);
      return this.#shown(started, await this.#written());
    });
  }

  /** Continues a run that was stopped. Throws `Argument`. */
  resume(id: unknown): Promise<ShownRun> {
    return this.#inTurn(async () => {
      const started = this.#known(id);
      if (!this.#shown(started, await this.#written()).resumable) throw conflict(`${started.name} cannot be resumed`);
      const refusal = this.#refusal() ?? (await this.#occupants(started.name)).refusal;
      if (refusal !== undefined) throw conflict(refusal);
      await this.#spawn(started, true);
      return this.#shown(started, await this.#written());
    });
  }

  /** Stops a run as Ctrl-C does: what is finished is kept. Throws `Argument`. */
  async stop(id: unknown): Promise<ShownRun> {
    const started = this.#known(id);
    interrupt(started);
    return this.#shown(started, await this.#written());
  }

  /** All runs, the newest first. */
  async list(): Promise<readonly ShownRun[]> {
    const written = await this.#written();
    return [...this.#runs.values()].reverse().map((run) => this.#shown(run, written));
  }

  /** The last lines that a run has said. Throws `Argument`. */
  async log(id: unknown): Promise<string> {
    const { name } = this.#known(id);
    const file = await this.#open(`${name}.log`);
    if (!file) return '';
    try {
      const { size } = await file.stat();
      const first = Math.max(0, size - tailBytes);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(tailBytes), 0, tailBytes, first);
      const text = buffer.toString('utf8', 0, bytesRead);
      return first > 0 ? text.slice(text.indexOf('\n') + 1) : text;
    } finally {
      await file.close();
    }
  }

  /** A file that a run has written, to be closed; undefined for any other. */
  async file(id: number, name: string): Promise<FileHandle | undefined> {
    const run = this.#runs.get(id);
    return run?.outputs.includes(name) ? this.#open(name) : undefined;
  }

  /** Ends the runs, or leaves them behind. */
  async close(): Promise<void> {
    await this.#turn;
    const running = [...this.#runs.values()].filter(({ child }) => child);
    if (this.#goOn) {
      for (const { child } of running) {
        child?.disconnect();
        child?.unref();
      }
      return;
    }
    for (const started of running) interrupt(started);
    const killing = setTimeout(() => {
      for (const { child } of running) child?.kill('SIGKILL');
    }, lastWordsMs);
    await Promise.all(running.map(({ ended }) => ended));
    clearTimeout(killing);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#turn.then(work);
    this.#turn = next.catch(() => undefined);
    return next;
  }

  #known(id: unknown): Started {
    const run = this.#runs.get(id as number);
    if (!run) throw argumentError('', () => `there is no run ${inspect(id)}`);
    return run;
  }

  async #plan(given: unknown, input: RunInput) {
    if (typeof given !== 'object' || given === null)
      throw argumentError('', () => `a run is asked for by ${inspect(given)}; expected an object`);
    const asked = checkedOptions('a run', given as AskedRun, askedRows);
    const { kind, settings = {}, analysis, isCalibrated = false, report = false } = asked;
    const [file = ''] = input.files;
    const { name = await this.#freeName(nameFrom(basename(file, extname(file)))) } = asked;
    if (!isName(name))
      throw argumentError(
        '',
        () => `the name is ${inspect(name)}; expected letters, digits, - and _, with a letter or a digit first`,
      );
    const brought = broughtFiles(kind, asked).map((broughtFile) => ({
      ...broughtFile,
      path: join(this.folder, `${name}.${broughtFile.ending}`),
    }));
    const own = Object.fromEntries(brought.map(({ what, path }) => [what, path]));
    const of = { ...input, ...own };
    const result = `${name}.${kind === 'index' ? 'stream' : 'npy'}`;
    const outputs = [
      ...(kind === 'index' ? [result] : [result, `${result}.json`]),
      ...(report ? [`${name}.html`] : []),
      ...brought.map(({ ending }) => `${name}.${ending}`),
      `${name}.log`,
    ];
    const { replaces, refusal } = await this.#occupants(name, this.#force ? undefined : outputs);
    const words = [
      ...(kind === 'index' ? indexWords(of, settings) : scanWords(of, analysis, settings, isCalibrated)),
      ...['-o', join(this.folder, result)],
      ...(report ? ['--html', join(this.folder, `${name}.html`)] : []),
      ...(this.#force && replaces.length > 0 ? ['--force'] : []),
    ];
    return { asked, words, name, outputs, brought, replaces, refusal: refusal ?? this.#refusal() };
  }

  /** Why nothing can be started now. */
  #refusal(): string | undefined {
    const running = [...this.#runs.values()].filter(({ child }) => child);
    if (running.length < this.#most) return undefined;
    return `${running.map(({ name }) => name).join(', ')} is running: stop it, or wait until it has ended`;
  }

  /** A name that no file begins with. */
  async #freeName(stem: string): Promise<string> {
    const taken = new Set((await readdir(this.folder)).map((name) => name.replace(/\..*$/s, '').toLowerCase()));
    for (let n = 1; ; n++) {
      const name = n === 1 ? stem : `${stem}-${n}`;
      if (!taken.has(name.toLowerCase())) return name;
    }
  }

  /**
   * The files whose names begin with that of a run. What is no file, such as a link that leads out of the folder, is
   * never written to; files are not replaced if `isKept` lists the outputs.
   */
  async #occupants(
    name: string,
    isKept?: readonly string[],
  ): Promise<{ readonly replaces: readonly string[]; readonly refusal: string | undefined }> {
    const { folder } = this;
    if ((await realpath(folder).catch(() => '')) !== folder)
      return { replaces: [], refusal: 'the folder of the outputs is no longer where it was' };
    const begin = `${name}.`.toLowerCase();
    const found = (await readdir(folder, { withFileTypes: true })).filter((dirent) =>
      dirent.name.toLowerCase().startsWith(begin),
    );
    const strange = found.find((dirent) => !dirent.isFile());
    const names = found.map((dirent) => dirent.name);
    const refusal = strange
      ? `${strange.name} is there and is no file; choose another name`
      : isKept && names.length > 0
        ? `${names[0]} is there already; choose another name`
        : undefined;
    return { replaces: names, refusal };
  }

  /** Opens a file of the folder for writing, which is no link, and new unless files are replaced. */
  async #create(path: string, isContinued = false): Promise<FileHandle> {
    const { O_WRONLY, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_NOFOLLOW = 0 } = constants;
    const how = isContinued ? O_APPEND : this.#force ? O_TRUNC : O_EXCL;
    return open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | how).catch((cause: NodeJS.ErrnoException) => {
      throw new EwaldError('File', `${basename(path)}: ${fileReason(cause)}`, { cause });
    });
  }

  async #write(path: string, text: string): Promise<void> {
    const file = await this.#create(path);
    try {
      await file.writeFile(text);
    } finally {
      await file.close();
    }
  }

  async #spawn(started: Started, resumes: boolean): Promise<void> {
    const log = await this.#create(join(this.folder, `${started.name}.log`), resumes);
    const began = Date.now();
    const words = resumes ? [...started.words.filter((word) => word !== '--force'), '--resume'] : started.words;
    try {
      const child = spawn(process.execPath, [this.#cli, ...words], {
        stdio: ['ignore', log.fd, log.fd, 'ipc'],
        env: { ...process.env, EWALD_PROGRESS: 'ipc' },
        // Ctrl-C at the terminal of the server is for the server, which then ends its runs.
        detached: true,
      });
      [started.child, started.state, started.share, started.said] = [child, 'running', undefined, ''];
      [started.beganMs, started.endedMs] = [performance.now(), undefined];
      started.ended = new Promise((resolve) => {
        const done = (state: Started['state']): void => {
          [started.child, started.state, started.endedMs] = [undefined, state, performance.now()];
          resolve();
        };
        child.once('error', () => done('failed'));
        child.once('exit', async (code) => {
          const isStopped = code === stopped || (started.state === 'stopping' && code === null);
          // One that was stopped after its last frame is whole.
          const isWhole = isStopped && (await this.#isWritten(started, began));
          done(isStopped ? (isWhole ? 'finished' : 'stopped') : (stateOf[code ?? -1] ?? 'failed'));
        });
      });
      child.on('message', (message) => {
        const { share, words } = message as { readonly share?: unknown; readonly words?: unknown };
        if (typeof share === 'number') started.share = Number.isFinite(share) ? share : undefined;
        if (typeof words === 'string') started.said = words;
      });
    } finally {
      await log.close();
    }
  }

  /** Whether the result of a run is there, and no earlier one. */
  async #isWritten({ outputs: [result = ''] }: Started, began: number): Promise<boolean> {
    const stats = await lstat(join(this.folder, result)).catch(() => undefined);
    return stats !== undefined && stats.mtimeMs >= began;
  }

  /** A file of the folder, which is no link. */
  async #open(name: string): Promise<FileHandle | undefined> {
    const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
    const file = await open(join(this.folder, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(() => undefined);
    if (!file || (await file.stat()).isFile()) return file;
    await file.close();
    return undefined;
  }

  /** The names of the files in the folder. */
  #written(): Promise<readonly string[]> {
    return readdir(this.folder).catch((): string[] => []);
  }

  #shown(started: Started, names: readonly string[]): ShownRun {
    const { id, name, words, input, entry, state, share, said, beganMs, endedMs, outputs, child } = started;
    return {
      ...{ id, name, command: commandOf(words), input, entry, state, share, words: said },
      seconds: ((endedMs ?? performance.now()) - beganMs) / 1000,
      resumable: !child && words[0] === 'index' && names.includes(`${name}.stream.part`),
      files: child ? [`${name}.log`] : outputs.filter((output) => names.includes(output)),
    };
  }
}

/** How a run has ended, by the exit code of the command. */
const stateOf: Readonly<Record<number, ShownRun['state']>> = { 0: 'finished', 1: 'doubtful' };
/** The exit code of a command that Ctrl-C has ended. */
const stopped = 130;

/** The command as one types it. */
const commandOf = (words: readonly string[]): string => ['ewald', ...words].map(inShell).join(' ');

function interrupt(started: Started): void {
  if (!started.child || started.state === 'stopping') return;
  started.state = 'stopping';
  started.child.kill('SIGINT');
}

/** An error about what cannot be done now. */
const conflict = (text: string): EwaldError => new EwaldError('Argument', text, { detail: { conflict: true } });
