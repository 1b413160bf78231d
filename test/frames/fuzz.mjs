// Fuzzes the decoders of the core with libFuzzer and the address and undefined-behaviour sanitizers: builds the driver
// once and runs it for some seconds on each codec. `node test/frames/fuzz.mjs [seconds]`; the tests and the soak call
// `fuzz`.
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const root = resolve(import.meta.dirname, '../..');
const run = promisify(execFile);

/** Values of EWALD_CODEC. */
export const codecs = [
  'bitshuffle_lz4',
  'bitshuffle',
  'lz4',
  'lz4_block',
  'shuffle',
  'lzf',
  'byte_offset',
  'packed_msb',
  'packed_lsb',
  'zlib',
];

const isa =
  process.arch === 'x64'
    ? [
        ['sse2', '-msse2'],
        ['avx2', '-mavx2 -mfma'],
        ['avx512', '-mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma'],
      ]
    : [['neon', '']];
const flags =
  '-std=gnu++20 -O1 -g -fno-exceptions -fno-rtti -fno-omit-frame-pointer -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all';

/** A clang++ that has libFuzzer, or undefined. */
export function fuzzer() {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-fuzz-'));
  try {
    for (const name of ['clang++', 'clang++-19', 'clang++-14'])
      try {
        const args = ['-x', 'c++', '-', '-fsanitize=fuzzer,address,undefined', '-o', join(folder, 'probe')];
        const input =
          '#include <cstddef>\nextern "C" int LLVMFuzzerTestOneInput(const unsigned char*, size_t) { return 0; }';
        execFileSync(name, args, { input, stdio: ['pipe', 'ignore', 'ignore'] });
        return name;
      } catch {
        // The next one.
      }
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Builds the driver; returns its path. */
export async function buildDriver(compiler, folder = join(root, 'build/fuzz')) {
  mkdirSync(folder, { recursive: true });
  const sources = (path) =>
    readdirSync(join(root, path))
      .filter((name) => name.endsWith('.cpp'))
      .map((name) => join(root, path, name));
  const compile = async (source, object, more) => {
    await run(compiler, [
      ...flags.split(' '),
      ...more,
      `-I${root}/cpp`,
      `-I${root}/cpp/include`,
      '-c',
      source,
      '-o',
      object,
    ]);
    return object;
  };
  const jobs = [...sources('cpp/common'), ...sources('cpp/frames'), ...sources('cpp/frames/fuzz')].map((source, i) =>
    compile(source, join(folder, `${i}.o`), []),
  );
  for (const [name, machine] of isa)
    for (const [i, source] of sources('cpp/frames/isa').entries())
      jobs.push(
        compile(source, join(folder, `${name}-${i}.o`), [...machine.split(' ').filter(Boolean), `-DEWALD_ISA=${name}`]),
      );
  const driver = join(folder, 'codecs');
  await run(compiler, ['-fsanitize=fuzzer,address,undefined', ...(await Promise.all(jobs)), '-lpthread', '-o', driver]);
  return driver;
}

/** Runs the driver on one codec; throws the fuzzer's report if it finds something. */
export async function fuzz(driver, codec, seconds) {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-fuzz-'));
  try {
    const { stderr } = await run(
      driver,
      [
        '-max_len=4096',
        '-rss_limit_mb=512',
        // A wall-clock limit: a busy machine may stall a thread for seconds.
        '-timeout=60',
        `-max_total_time=${seconds}`,
        '-print_final_stats=1',
        `-artifact_prefix=${folder}/`,
      ],
      { env: { ...process.env, EWALD_FUZZ_CODEC: String(codec) }, maxBuffer: 2 ** 26 },
    );
    return Number(/number_of_executed_units:\s*(\d+)/.exec(stderr)?.[1] ?? 0);
  } finally {
    if (existsSync(folder)) rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const compiler = fuzzer();
  if (!compiler) {
    console.log('fuzz: no clang++ with libFuzzer (Debian: clang libclang-rt-14-dev)');
  } else {
    const driver = await buildDriver(compiler);
    const seconds = Number(process.argv[2] ?? 10);
    for (const [i, name] of codecs.entries())
      console.log(`fuzz: ${name}: ${await fuzz(driver, i, seconds)} inputs, nothing found`);
  }
}
