// Compares the decoder of Zstandard, which is not of the core and therefore not in the fuzzer's list, with the program
// zstd: random data at random levels, and damaged copies of them.
import { spawnSync } from 'node:child_process';
import { damaged, random } from './mutations.mjs';

const program = (args, input) => {
  const { status, stdout, error } = spawnSync('zstd', ['--quiet', '--stdout', ...args], { input, maxBuffer: 2 ** 26 });
  return error || status !== 0 ? undefined : stdout;
};

/** Whether the program is installed. */
export const hasZstd = () => program(['--version'], '') !== undefined;

/** Copies of earlier bytes from three distances in turn, with a few new bytes between them. */
function copies(next, out) {
  const distances = Array.from({ length: 3 }, () => 1 + next(500));
  for (let i = 0, fresh = 0; i < out.length; ) {
    for (fresh = i === 0 ? 500 : next(3); fresh > 0 && i < out.length; fresh--) out[i++] = next(256);
    const [from, end] = [Math.min(i, distances[next(3)]), i + 4 + next(30)];
    for (; i < Math.min(end, out.length); i++) out[i] = out[i - from];
  }
}

/** Data of one of the kinds that take different paths: copies, noise, counts and runs. */
function plain(next) {
  const out = new Uint8Array(next(4) === 0 ? next(300_000) : next(6000));
  const [kind, symbols, period] = [next(5), 1 + next(256), 1 + next(40_000)];
  if (kind < 2) copies(next, out);
  else if (kind === 2) for (let i = 0; i < out.length; i++) out[i] = next(symbols);
  else if (kind === 3) for (let i = 0; i < out.length; i += 2) out[i] = Math.min(next(9), next(9), next(9));
  else for (let i = 0; i < out.length; i++) out[i] = (i / period) | 0;
  return out;
}

/**
 * Packs and damages data of the seeds 1, 2, … while `more` says so. Throws the seed of the first fault: intact data
 * that are not unpacked, damaged data with a checksum that both accept with different bytes, or an error that is not the
 * decoder's own. Damage that only one of them refuses is no fault: the program does not notice every bit that is left
 * over. Nor are other bytes of damaged data without a checksum: at the end of a damaged Huffman stream two versions of the
 * decoder read different bits (seed 633: the last byte of 4556, of which 638 are wrong).
 */
export async function fuzzZstd(unpack, more) {
  const tally = { intact: 0, damaged: 0, refused: 0 };
  for (let seed = 1; more(seed); seed++) {
    const number = random(seed);
    const next = (below) => Math.floor(number() * below);
    const data = plain(next);
    const level = `-${1 + next(19)}`;
    const isChecked = next(2) === 1;
    const packed = program([level, isChecked ? '--check' : '--no-check'], data);
    if (!packed || !same(data, await unpack(packed, data.length))) throw new Error(`seed ${seed}: intact data differ`);
    tally.intact++;
    for (let i = 0; i < 4; i++) {
      const bytes = damaged(packed, 4 * seed + i);
      const right = program(['--decompress'], bytes);
      const found = await unpack(bytes, data.length).catch((error) => {
        if (error.message.startsWith('Zstandard: ')) return undefined;
        throw new Error(`seed ${seed}, damage ${i}: ${error.stack}`);
      });
      tally.damaged++;
      if (!found) tally.refused++;
      if (isChecked && found && right?.length === found.length && !same(right, found))
        throw new Error(`seed ${seed}, damage ${i}: the program zstd reads other bytes`);
    }
  }
  return tally;
}

const same = (a, b) => Buffer.compare(a, b) === 0;
