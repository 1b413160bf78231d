// Transforms of CuPy (cuFFT called from Python) in device memory, with the shapes of ewald_cuda_fft_bench: the speed
// that a Python user has today. Reported as absent without CuPy.
import { spawnSync } from 'node:child_process';

const seconds = Number(process.argv[process.argv.indexOf('--seconds') + 1] || 30);
const program = `
import json, sys, time
try:
    import cupy
except Exception as error:
    print(json.dumps({"absent": "CuPy: " + str(error)[:200]})); sys.exit(0)
rows = []
cases = [("c2c", (256,256,256), (0,1,2)), ("c2c", (512,512,512), (0,1,2)), ("c2c", (200,200,200), (0,1,2)), ("r2c", (256,256,256), (0,1,2)),
         ("c2c", (64,512,512), (1,2)), ("c2c", (16384,1024), (1,)), ("c2c", (8192,1009), (1,)), ("c2c", (16,1048576), (1,))]
until = time.time() + float(sys.argv[1])
for kind, shape, axes in cases:
    if time.time() > until: break
    x = cupy.random.random(shape, dtype=cupy.float32)
    if kind == "c2c": x = x.astype(cupy.complex64)
    run = (lambda: cupy.fft.fftn(x, axes=axes)) if kind == "c2c" else (lambda: cupy.fft.rfftn(x, axes=axes))
    for _ in range(5): run()
    cupy.cuda.Device().synchronize()
    times = []
    for _ in range(50):
        a, b = cupy.cuda.Event(), cupy.cuda.Event()
        a.record(); run(); b.record(); b.synchronize()
        times.append(cupy.cuda.get_elapsed_time(a, b))
    times.sort()
    rows.append({"kind": kind, "shape": list(shape), "axes": list(axes), "ms": times[len(times) // 2], "bestMs": times[0]})
print(json.dumps({"cupy": cupy.__version__, "runtime": cupy.cuda.runtime.runtimeGetVersion(), "rows": rows}))
`;
const { status, stdout, stderr, error } = spawnSync(
  process.env.EWALD_PYTHON ?? 'python3',
  ['-c', program, String(0.8 * seconds)],
  {
    encoding: 'utf8',
    timeout: 1000 * seconds,
  },
);
let found;
try {
  found = JSON.parse(stdout);
} catch {
  found = { absent: error?.message ?? `python3 ended with ${status}: ${stderr.trim().split('\n').at(-1) ?? ''}` };
}
const told = ({ kind, shape, ms }) => `${kind} ${shape.join('×')} ${ms.toFixed(3)} ms`;
const absent = found.absent !== undefined;
const summary = absent ? `absent: ${found.absent}` : `CuPy ${found.cupy}: ${found.rows.map(told).join(', ')}`;
process.stdout.write(`${JSON.stringify({ ...found, ...(absent ? { outcome: 'absent' } : {}), summary })}\n`);
