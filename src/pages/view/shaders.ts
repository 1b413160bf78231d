/** The shaders of a picture, and its scales. Values are coloured on the GPU; the CPU processes no pixels. */
import type { Limits } from './contrast.js';

/** The scales from values to colours; the index of a scale is its number in the shader. */
export const scales = ['linear', 'sqrt', 'log', 'asinh'] as const;
export type ScaleName = (typeof scales)[number];

const curves: Readonly<Record<ScaleName, (value: number) => number>> = {
  linear: (value) => value,
  sqrt: (value) => Math.sqrt(Math.max(value, 0)),
  log: (value) => Math.log1p(Math.max(value, 0)),
  asinh: Math.asinh,
};

/**
 * The position of a value between limits, 0 at the lower and 1 at the upper one, as the shader colours it. Values count
 * from zero, or from the lower limit if it is negative: logarithms then compare ratios.
 */
export function shareOf(value: number, [low, high]: Limits, scale: ScaleName): number {
  const curve = curves[scale];
  const zero = Math.min(low, 0);
  const first = curve(low - zero);
  return (curve(value - zero) - first) / Math.max(curve(high - zero) - first, 1e-20);
}

/**
 * Draws a quad for each panel: `box` is its pixels in the frame, `origin` and `axes` its position in the laboratory.
 */
export const vertexShader = `#version 300 es
in vec2 corner;
in vec4 box;
in vec2 origin;
in vec4 axes;
uniform vec2 centre;
uniform vec2 scaling;
out vec2 pixel;
flat out vec4 panel;
void main() {
  panel = box;
  pixel = mix(box.xy, box.zw, corner);
  vec2 inside = pixel - box.xy;
  vec2 place = origin + inside.x * axes.xy + inside.y * axes.zw;
  gl_Position = vec4((place - centre) * scaling, 0., 1.);
}`;

/** Largest square of frame pixels (edge length) of which a screen pixel shows the brightest. */
export const maxBinned = 16;

/**
 * The fragment shader for a kind of sampler: 'u' for unsigned, 'i' for signed, '' for floating-point textures.
 *
 * A frame that is taller than the maximum height of a texture is folded: its pixels fill the rows of the texture
 * consecutively.
 */
export const fragmentShader = (kind: '' | 'u' | 'i'): string => `#version 300 es
precision highp float;
precision highp int;
precision highp ${kind}sampler2D;
precision highp usampler2D;
uniform ${kind}sampler2D frame;
uniform usampler2D mask;
uniform sampler2D colours;
uniform ivec2 size;
uniform vec2 limits;
uniform vec2 valid;
uniform int scale;
uniform vec3 badColour;
uniform vec3 saturatedColour;
in vec2 pixel;
flat in vec4 panel;
out vec4 colour;
float curve(float value) {
  if (scale == 0) return value;
  if (scale == 1) return sqrt(max(value, 0.));
  if (scale == 2) return log(1. + max(value, 0.));
  return asinh(value);
}
ivec2 folded(ivec2 at) {
  int i = at.y * size.x + at.x;
  int width = textureSize(frame, 0).x;
  return ivec2(i % width, i / width);
}
void main() {
  float step = max(length(dFdx(pixel)), length(dFdy(pixel)));
  // Between the screen pixels of a turned panel its pixels lie further apart. The tolerances are rounding, and a tilt.
  vec2 apart = clamp(max(vec2(ceil(step - .001)), ceil(fwidth(pixel) - .05)), 1., ${maxBinned}.);
  ivec2 first = ivec2(floor(pixel)) - ivec2(apart) / 2;
  ivec2 last = first + ivec2(apart) - 1;
  bvec2 isFirst = lessThan(pixel - apart, panel.xy);
  bvec2 isLast = greaterThan(pixel + apart, panel.zw);
  ivec2 low = ivec2(panel.xy);
  ivec2 high = ivec2(panel.zw) - 1;
  first = ivec2(isFirst.x ? low.x : max(first.x, low.x), isFirst.y ? low.y : max(first.y, low.y));
  last = ivec2(isLast.x ? high.x : min(last.x, high.x), isLast.y ? high.y : min(last.y, high.y));
  float most = -3.4e38;
  bool any = false;
  bool saturated = false;
  for (int y = first.y; y <= last.y; y++) {
    for (int x = first.x; x <= last.x; x++) {
      ivec2 at = folded(ivec2(x, y));
      float value = float(texelFetch(frame, at, 0).r);
      if (texelFetch(mask, at, 0).r != 0u || isnan(value) || value < valid.x) continue;
      any = true;
      if (value > valid.y) saturated = true;
      most = max(most, value);
    }
  }
  if (!any) { colour = vec4(badColour, 1.); return; }
  if (saturated) { colour = vec4(saturatedColour, 1.); return; }
  // Values count from zero, or from the lower limit if it is negative: logarithms then compare ratios.
  float zero = min(limits.x, 0.);
  float dark = curve(limits.x - zero);
  float share = (curve(most - zero) - dark) / max(curve(limits.y - zero) - dark, 1e-20);
  colour = texelFetch(colours, ivec2(int(clamp(share, 0., 1.) * 255. + .5), 0), 0);
}`;

/** The fragment shader of pixels that have colours instead of values. */
export const colouredShader = `#version 300 es
precision highp float;
precision highp int;
uniform sampler2D frame;
uniform ivec2 size;
in vec2 pixel;
out vec4 colour;
void main() {
  ivec2 at = clamp(ivec2(floor(pixel)), ivec2(0), size - 1);
  int i = at.y * size.x + at.x;
  int width = textureSize(frame, 0).x;
  vec4 found = texelFetch(frame, ivec2(i % width, i / width), 0);
  colour = vec4(found.rgb * found.a, 1.);
}`;
