/**
 * Runs of frames that are killed at random moments and resumed, and randomly damaged frames, geometries, cells and
 * lists.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { open, openCodecs } from '../../dist/data.node.js';
import {
  createContext,
  formatChunk,
  isEwaldError,
  parseGeometry,
  readCell,
  readStream,
} from '../../dist/index.node.js';

export const name = 'pipeline';
export const about =
  '20 kills of runs with all outputs, which are resumed; 10^4 bent inputs of a run, 10^4 bent streams and lists: ' +
  'no crash, no hang';
export const minutes = 30;

const root = fileURLToPath(new URL('../..', import.meta.url));
const sim = resolve(process.env.EWALD_TEST_DATA ?? join(root, '../shared/data'), 'sim');
const cli = join(root, 'dist/cli.js');

/** Kills the process without cleanup after `killMs`, unless it has ended by itself. */
const ran = (args, cwd, killMs) =>
  new Promise((done) => {
    const child = spawn(process.execPath, [cli, ...args], { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
    let errors = '';
    child.stderr.on('data', (piece) => {
      errors += piece;
    });
    const timer = killMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killMs);
    child.on('exit', (code) => {
      clearTimeout(timer);
      done({ code, errors });
    });
  });

/** The outputs of a run beside its stream, with their options. */
const others = {
  'run.h5': ['--hdf5=run.h5'],
  'run.sol': ['--sol=run.sol'],
  'run.html': ['--html=run.html'],
  'run.mille': ['--mille', '--mille-file=run.mille'],
};

/** All files of a folder; without the stream's line about the program, and the durations of the report. */
const written = (folder) =>
  JSON.stringify(
    readdirSync(folder)
      .sort()
      .map((name) => {
        const text = readFileSync(join(folder, name), 'latin1');
        if (name.endsWith('.stream')) return [name, text.split('\n').toSpliced(2, 1).join('\n')];
        const timeless = text
          .replace(/<h2>Time<\/h2><section>.*?<\/section>/s, '')
          .replace(/[\d.]+<\/b>([^<]*<[^>]*>)*\s*frames a second/, '');
        return [name, name.endsWith('.html') ? timeless : text];
      }),
  );

/** Kills and resumes until the run is complete; then every output must equal that of the uninterrupted run. */
async function killedRuns(folder, rounds, note) {
  const inputs = [join(sim, 'run.h5'), '-g', join(sim, 'run.geom'), '-p', join(sim, 'run.cell')];
  const usual = ['index', ...inputs, '--threshold=12', '-o', 'run.stream', ...Object.values(others).flat()];
  const place = (name) => {
    mkdirSync(join(folder, name));
    return join(folder, name);
  };
  const whole = place('whole');
  const start = performance.now();
  const first = await ran(usual, whole);
  if (first.code !== 0) throw new Error(first.errors);
  const took = performance.now() - start;
  const expected = written(whole);
  let kills = 0;
  let tries = 0;
  for (let round = 0; kills < rounds; round++) {
    const cwd = place(`killed-${round}`);
    // On a machine that has become busy each session gets further only if it has more time.
    let patience = 1;
    for (let code = null; code !== 0; tries++, patience *= 1.1) {
      const more = readdirSync(cwd).length > 0 ? ['--resume'] : [];
      const found = await ran([...usual, ...more], cwd, took * patience * (0.2 + 0.9 * Math.random()));
      code = found.code;
      if (code === null) kills++;
      else if (code !== 0) throw new Error(`a resumed run ended with ${code}: ${found.errors}`);
      if (tries > 50 + 3 * rounds) throw new Error('a run that is resumed does not get on');
    }
    if (written(cwd) !== expected) {
      const wrong = readdirSync(whole).filter(
        (name) =>
          !existsSync(join(cwd, name)) || !readFileSync(join(cwd, name)).equals(readFileSync(join(whole, name))),
      );
      throw new Error(`after kills, these may differ from the uninterrupted run: ${wrong.join(' ')}`);
    }
    rmSync(cwd, { recursive: true });
  }
  note(`${kills} kills, the stream and ${Object.keys(others).length} other outputs the same each time`);
}

/** Bytes or text with a few places changed, cut out, duplicated or replaced by unexpected words. */
function bent(bytes, random) {
  const out = Uint8Array.from(bytes);
  const words = ['nan', '-1', '1e999', '0', '999999999999', '//', '=', '\0', 'inf', '%', '-'];
  const at = () => Math.floor(random() * out.length);
  switch (Math.floor(random() * 4)) {
    case 0:
      return out.subarray(0, at());
    case 1: {
      const from = at();
      return Buffer.concat([out.subarray(0, from), out.subarray(from + Math.floor(random() * 64))]);
    }
    case 2: {
      const from = at();
      const word = words[Math.floor(random() * words.length)];
      return Buffer.concat([out.subarray(0, from), Buffer.from(word), out.subarray(from)]);
    }
    default:
      for (let i = 0; i < 1 + random() * 8; i++) out[at()] = Math.floor(random() * 256);
      return out;
  }
}

/** A reproducible generator of numbers in [0, 1) from a seed. */
function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A frame of `mono` with its peaks as CXI lists them. */
async function cxiOf(frames, geometry, context) {
  const { Hdf5Writer } = await import('../../build/esm/hdf5/writer.js');
  const dataset = await open(Uint8Array.from(frames));
  const numbers = await dataset.read(0, 1);
  await dataset.dispose();
  const finder = await context.peaks({ width: 1024, height: 1024, dtype: 'u16', geometry, minRes: 20 });
  const { count, fs, ss, intensity } = await finder.run(numbers, { threshold: 12, minSnr: 4.5 });
  await finder.dispose();
  const codecs = await openCodecs();
  const parts = [];
  const sink = {
    append: async (bytes) => void parts.push(bytes.slice()),
    patch: async (_, bytes) => parts[0].set(bytes),
  };
  const writer = await Hdf5Writer.create(sink, codecs);
  const series = writer.series({ frames: 1, signal: [1024, 1024], dtype: 'u16' });
  await series.write(numbers);
  const column = (values, shift) => ({ value: Float32Array.from(values, (x) => x - shift), shape: [1, count] });
  const children = {
    nPeaks: { value: Int32Array.of(count), shape: [1] },
    peakXPosRaw: column(fs, 0.5),
    peakYPosRaw: column(ss, 0.5),
    peakTotalIntensity: column(intensity, 0),
  };
  await writer.finish({
    cxi_version: { value: 140 },
    entry_1: { children: { data_1: { children: { data: { frames: series } } }, result_1: { children } } },
  });
  await codecs.dispose();
  return new Uint8Array(Buffer.concat(parts));
}

/** Runs on one frame with a damaged input: they succeed or fail with an ewald error, and leave nothing behind. */
export async function bentRuns(count, note, from = 0) {
  const geometry = readFileSync(join(sim, 'mono.geom'));
  const cell = readFileSync(join(sim, 'mono.cell'));
  const frames = readFileSync(join(sim, 'mono.h5'));
  const context = await createContext({ backend: 'wasm' });
  const listed = await cxiOf(frames, parseGeometry(new TextDecoder().decode(geometry)), context);
  const outcomes = { done: 0, refused: 0 };
  for (let seed = from; seed < from + count; seed++) {
    const random = seeded(seed);
    const which = Math.floor(random() * 4);
    const text = (bytes) => new TextDecoder('latin1').decode(bytes);
    let dataset;
    try {
      // For CXI mostly the data after the frame are damaged: its peaks and their names.
      const tail = () => Buffer.concat([listed.subarray(0, -8192), bent(listed.subarray(-8192), random)]);
      const cxi = which === 3 && (random() < 0.7 ? tail() : bent(listed, random));
      dataset = await open(Uint8Array.from(cxi || (which === 0 ? bent(frames, random) : frames)));
      const options = {
        geometry: parseGeometry(text(which === 1 ? bent(geometry, random) : geometry)),
        cells: [readCell(text(which === 2 ? bent(cell, random) : cell))],
        ...(cxi ? { finder: 'cxi' } : { peaks: { threshold: 12, minSnr: 4.5 } }),
      };
      const late = AbortSignal.timeout(60_000);
      for await (const { error } of context.pipeline({ inputs: [{ dataset, frames: [0] }], signal: late, ...options }))
        if (error && !isEwaldError(error)) throw error;
      outcomes.done++;
    } catch (error) {
      if (!isEwaldError(error) || error.tag === 'Internal' || error.tag === 'Aborted')
        throw new Error(`seed ${seed}: ${error.stack}`);
      outcomes.refused++;
    } finally {
      await dataset?.dispose();
    }
    if (context.liveBytes !== 0) throw new Error(`seed ${seed}: ${context.liveBytes} bytes stay`);
  }
  await context.dispose();
  note(`${count} bent inputs: ${outcomes.done} ran, ${outcomes.refused} were refused`);
}

/** Streams and lists with damage: they are read to their end, or refused with an ewald error. */
export async function bentTexts(count, note, from = 0) {
  const stream = readFileSync(join(sim, 'peers/mono.asdf.stream'));
  // Only one or two chunks, because later ones are similar.
  const part = stream.subarray(0, stream.indexOf('----- End chunk -----', 40_000) + 22);
  const { parseFrameList } = await import('../../build/esm/pipeline/sources/list.js');
  const outcomes = { read: 0, refused: 0 };
  for (let seed = from; seed < from + count; seed++) {
    const random = seeded(seed);
    try {
      if (random() < 0.7) {
        const text = new TextDecoder('latin1').decode(bent(part, random));
        const reader = await readStream(text.split('\n'), 'bent.stream');
        for await (const chunk of reader.chunks()) formatChunk(chunk);
        if (reader.head.geometry !== undefined) parseGeometry(reader.head.geometry);
      } else {
        const lines = `a.h5 //0\n/data/run 1.h5 //17\n# note\nb.cxi\n../c_master.h5 //2\n`.repeat(4);
        const text = new TextDecoder('latin1').decode(bent(Buffer.from(lines), random));
        await parseFrameList(text, { name: 'bent.lst', opens: (file) => file });
      }
      outcomes.read++;
    } catch (error) {
      if (!isEwaldError(error) || error.tag === 'Internal') throw new Error(`seed ${seed}: ${error.stack}`);
      outcomes.refused++;
    }
  }
  note(`${count} bent texts: ${outcomes.read} were read, ${outcomes.refused} were refused`);
}

/** Runs all loops, shortened by `scale`. Throws if an error is found. */
export async function run({ scale = 1, note = () => {} } = {}) {
  if (!existsSync(sim)) throw new Error(`the test data is absent: ${sim}`);
  const folder = mkdtempSync(join(tmpdir(), 'ewald-soak-'));
  try {
    await killedRuns(folder, Math.max(1, Math.round(20 * scale)), note);
    await bentTexts(Math.max(10, Math.round(10_000 * scale)), note);
    await bentRuns(Math.max(10, Math.round(10_000 * scale)), note);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
