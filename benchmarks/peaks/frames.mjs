// The frames on which the peak finders are measured, and how they are searched.
export const [width, height] = [2068, 2162];
export const centre = [1031.3, 1093.7];
export const types = { u8: Uint8Array, u16: Uint16Array, i32: Int32Array, f32: Float32Array };

let state = 1;
const random = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return (state + 0.5) / 2 ** 32;
};
function poisson(mean) {
  if (mean > 30)
    return Math.max(0, Math.round(mean + Math.sqrt(-2 * mean * Math.log(random())) * Math.cos(2 * Math.PI * random())));
  let count = 0;
  for (let product = random(), least = Math.exp(-mean); product > least; product *= random()) count++;
  return count;
}

/** A background that falls to a fifth away from the centre, and 700 peaks of all heights; no integers as f32. */
export function frameOf(dtype, background) {
  const frame = new Float64Array(width * height);
  for (let i = 0; i < frame.length; i++) {
    const square = ((i % width) - centre[0]) ** 2 + (Math.floor(i / width) - centre[1]) ** 2;
    frame[i] = poisson(background * (0.3 + 1.4 * Math.exp(-square / (0.18 * width * height))));
  }
  for (let k = 0; k < 700; k++) {
    const [x, y] = [8 + random() * (width - 16), 8 + random() * (height - 16)];
    const top = 5 * Math.exp(5 * random() * random());
    for (let dy = -4; dy <= 4; dy++)
      for (let dx = -4; dx <= 4; dx++) {
        const [px, py] = [Math.floor(x) + dx, Math.floor(y) + dy];
        frame[py * width + px] += poisson(top * Math.exp(-((px + 0.5 - x) ** 2 + (py + 0.5 - y) ** 2) / 1.28));
      }
  }
  return types[dtype].from(dtype === 'f32' ? frame.map((v) => v * 1.01 + 0.2) : frame);
}

/** Type, background and threshold of each measured frame. */
export const lines = [
  ['u16', 5, 12],
  ['u16', 5, 0],
  ['u16', 60, 0],
  ['u16', 2000, 0],
  ['u8', 5, 12],
  ['i32', 5, 12],
  ['f32', 5, 12],
];

export const search = { minSnr: 4.5, localBgRadius: 4 };
