// A scene of three.js is drawn into a texture; ewald smooths it on the same GPU device, and three.js shows the result. No
// number leaves the device: what happens to a frame is recorded into one command encoder.
import { createContext } from 'ewald/fft';
import { cos, float, sin, texture, uniform, uv, vec4 } from 'three/tsl';
import {
  FloatType,
  MeshBasicNodeMaterial,
  NearestFilter,
  NoBlending,
  NodeMaterial,
  QuadMesh,
  RedFormat,
  RenderTarget,
  WebGPURenderer,
} from 'three/webgpu';

/** Pixels of a side; rows of 4 · 64 bytes are copied between textures and buffers as they are. */
const n = 64;
/** Width of the Gaussian that the picture is smoothed by, pixels. */
const asked = new URLSearchParams(location.search);
const sigma = Number(asked.get('sigma') ?? 2);

const adapter = await navigator.gpu.requestAdapter();
const device = await adapter.requestDevice();
const renderer = new WebGPURenderer({ device });
await renderer.init();
document.body.append(renderer.domElement);
renderer.setSize(256, 256);
const context = await createContext({ webgpu: { device } });

/** A texture of one number for each pixel. */
const target = () =>
  new RenderTarget(n, n, {
    format: RedFormat,
    type: FloatType,
    minFilter: NearestFilter,
    magFilter: NearestFilter,
    depthBuffer: false,
  });
const [drawn, smooth] = [target(), target()];
/** Where the result is drawn: the canvas, or for a test a texture, because a browser without a screen may have no canvas. */
const shown = asked.has('offscreen') ? target() : null;
/** WebGPU's texture of a target that was drawn to. */
const textureOf = ({ texture }) => renderer.backend.get(texture).texture;

// The scene: waves that move, and a quad for what is on the screen.
const time = uniform(0);
const scene = new QuadMesh(new MeshBasicNodeMaterial({ blending: NoBlending }));
const wave = sin(uv().x.mul(50).add(time)).add(cos(uv().y.mul(37).sub(uv().x.mul(11))));
scene.material.fragmentNode = vec4(wave, float(0), float(0), float(1));
const screen = new QuadMesh(new NodeMaterial());
screen.material.fragmentNode = vec4(texture(smooth.texture).xxx.mul(0.25).add(0.5), 1);

// The transform: pixels to half a spectrum and back, and the filter between them.
const plan = await context.fft({ shape: [n, n], kind: 'r2c' });
const half = n / 2 + 1;
const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
const pixels = device.createBuffer({ size: 4 * n * n, usage });
const frequencies = device.createBuffer({ size: 8 * n * half, usage });
const picture = await context.array({ buffer: pixels, shape: [n, n] });
const spectrum = await context.array({ buffer: frequencies, shape: [n, half], dtype: 'c64' });
const filter = device.createComputePipeline({
  layout: 'auto',
  compute: {
    module: device.createShaderModule({
      code: `
        @group(0) @binding(0) var<storage, read_write> spectrum: array<vec2f>;
        @compute @workgroup_size(64) fn multiply(@builtin(global_invocation_id) id: vec3u) {
          if (id.x >= ${half * n}u) { return; }
          let row = id.x / ${half}u;
          let y = f32(min(row, ${n}u - row)) / ${n};
          let x = f32(id.x % ${half}u) / ${n};
          spectrum[id.x] *= exp(-${2 * Math.PI ** 2 * sigma ** 2} * (x * x + y * y));
        }`,
    }),
  },
});
const bound = device.createBindGroup({
  layout: filter.getBindGroupLayout(0),
  entries: [{ binding: 0, resource: { buffer: frequencies } }],
});

/** Draws the scene, smooths it, and shows that. */
function frame(seconds) {
  time.value = seconds;
  renderer.setRenderTarget(drawn);
  scene.render(renderer);
  const encoder = device.createCommandEncoder();
  const layout = { buffer: pixels, bytesPerRow: 4 * n };
  encoder.copyTextureToBuffer({ texture: textureOf(drawn) }, layout, [n, n]);
  plan.encode(encoder, { input: picture, output: spectrum });
  const pass = encoder.beginComputePass();
  pass.setPipeline(filter);
  pass.setBindGroup(0, bound);
  pass.dispatchWorkgroups(Math.ceil((half * n) / 64));
  pass.end();
  plan.encode(encoder, { input: spectrum, output: picture, direction: 'backward', scale: 'full' });
  encoder.copyBufferToTexture(layout, { texture: textureOf(smooth) }, [n, n]);
  device.queue.submit([encoder.finish()]);
  renderer.setRenderTarget(shown);
  screen.render(renderer);
}

// three.js makes a target's texture when it is drawn to.
renderer.initRenderTarget(smooth);
let frames = 0;
renderer.setAnimationLoop((ms) => {
  frame(ms / 1000);
  document.getElementById('status').textContent = `${++frames} frames`;
});

/** What a test compares: the pixels that the scene drew, the smooth ones, and those that three.js then drew with them. */
globalThis.both = async () => {
  await renderer.setAnimationLoop(null);
  const read = async (from) => Array.from(await renderer.readRenderTargetPixelsAsync(from, 0, 0, n, n));
  return { n, sigma, drawn: await read(drawn), smooth: await read(smooth), shown: shown && (await read(shown)) };
};
