/** Shaders are texts; scripts/wgsl-plugin.mjs puts in what they include. */
declare module '*.wgsl' {
  const source: string;
  export default source;
}
