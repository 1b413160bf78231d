/**
 * Peak finders decide in float64 as the C++ core does, so nvcc must not fuse their multiplications and additions: the
 * emulator is compiled without fused operations and cannot detect the difference.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const plan = join(root, 'build/cuda/build.ninja');
const files = readdirSync(join(root, 'cuda/peaks')).filter((name) => name.endsWith('.cu'));

/** Variables of the build step that compiles a file of cuda/peaks with nvcc. */
function stepOf(ninja: string, file: string): Record<string, string> {
  const lines = ninja.split('\n');
  const first = lines.findIndex((line) => line.includes(`ewald_cuda_rooms.dir/peaks/${file}.o: CUDA_COMPILER`));
  const end = lines.indexOf('', first);
  return Object.fromEntries(lines.slice(first + 1, end).map((line) => line.trim().split(' = ', 2) as [string, string]));
}

const ninja = existsSync(plan) ? readFileSync(plan, 'utf8') : '';
// Without nvcc CMake generates no such step.
const absent = ninja.includes('CUDA_COMPILER__ewald_cuda_rooms') ? undefined : 'the CUDA addon was not built here';

describe.skipIf(absent)(`the compiled code of cuda/peaks${absent ? `: absent, ${absent}` : ''}`, () => {
  test.for(files)('%s is compiled without fused products', (file) => {
    expect(stepOf(ninja, file).FLAGS?.split(' ')).toContain('-fmad=false');
  });

  test('the PTX of limits.cu, with the flags of the build, has no fused product', { tags: 'all' }, () => {
    const flags = stepOf(ninja, 'limits.cu').FLAGS?.split(' ') ?? [];
    const wanted = flags.filter((flag) => /^-(O\d|D|std|fmad|-?use_fast_math)/.test(flag));
    const folder = mkdtempSync(join(tmpdir(), 'ewald-ptx-'));
    try {
      const out = join(folder, 'limits.ptx');
      const includes = ['cpp/include', 'cuda/common', 'cpp'].map((path) => `-I${join(root, path)}`);
      execFileSync('nvcc', ['-ptx', '-arch=compute_75', ...wanted, ...includes, '-o', out, 'cuda/peaks/limits.cu'], {
        cwd: root,
      });
      const code = readFileSync(out, 'utf8');
      expect(code).toMatch(/^\s+mul\.rn\.f64/m);
      expect(code.split('\n').filter((line) => /^\s+fma\./.test(line))).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
