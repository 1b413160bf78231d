// TensorFlow.js computes a wave, ewald transforms the tensor in place on the same GPU device, and TensorFlow.js takes the
// power of it. No number leaves the device before the last line.
import { createContext } from 'ewald/fft';

const { tf } = globalThis;
const [rows, columns] = [48, 60];

const adapter = await navigator.gpu.requestAdapter();
// TensorFlow.js multiplies matrices with more workgroup memory than WebGPU's least.
const device = await adapter.requestDevice({
  requiredLimits: { maxComputeWorkgroupStorageSize: adapter.limits.maxComputeWorkgroupStorageSize },
});
// Its kernels belong to a backend of the name webgpu; this one is on the device.
tf.removeBackend('webgpu');
tf.registerBackend('webgpu', () => new tf.WebGPUBackend(device, adapter.info));
await tf.setBackend('webgpu');
const context = await createContext({ webgpu: { device } });
const plan = await context.fft({ shape: [rows, columns], inPlace: true });

/** Complex numbers as pairs: exp(i (0.7 y² + 0.3 x)) / (1 + x), of shape [rows, columns, 2]. */
function wave() {
  const y = tf.reshape(tf.range(0, rows), [rows, 1]);
  const x = tf.reshape(tf.range(0, columns), [1, columns]);
  const phase = tf.add(tf.mul(tf.square(y), 0.7), tf.mul(x, 0.3));
  return tf.div(tf.stack([tf.cos(phase), tf.sin(phase)], 2), tf.reshape(tf.add(x, 1), [1, columns, 1]));
}

// A tensor of its own memory, which it shows: `buffer` is that of `tensorRef`.
const before = wave();
const { buffer, tensorRef } = before.dataToGPU();
const there = await context.array({ buffer, shape: [rows, columns], dtype: 'c64' });
await plan.forward(there, there);
const power = tf.sum(tf.square(tensorRef), 2);

/** What a test compares. */
globalThis.both = async () => ({
  rows,
  columns,
  before: Array.from(await before.data()),
  after: Array.from(await tensorRef.data()),
  power: Array.from(await power.data()),
});
document.getElementById('status').textContent = 'transformed';
