/**
 * A frame drawn by WebGL2: an integer or float texture, a table of colours, and a quad for each panel.
 *
 * Frame, mask and colours are also kept on the CPU, so that the picture can be restored after a lost context.
 */
import type { FrameData } from './contrast.js';
import type { PlacedPanel } from './layout.js';
import { Picture, type ShownFrame, saturatedColour, softwareNames } from './picture.js';
import { colouredShader, fragmentShader, scales, vertexShader } from './shaders.js';
import type { Viewport } from './viewport.js';

type Gl = WebGL2RenderingContext;
type Kind = '' | 'u' | 'i' | 'coloured';
/** Internal format, format and type of a texture. */
type Format = readonly [internal: number, format: number, type: number];
/** Width of the texture of a folded frame. */
const foldedWidth = 2048;
const attributes = ['corner', 'box', 'origin', 'axes'] as const;
const units = { frame: 0, mask: 1, colours: 2 } as const;

export class GlPicture extends Picture {
  readonly isSoftware: boolean;
  readonly #gl: Gl;
  #programs = new Map<Kind, WebGLProgram>();
  #textures = new Map<keyof typeof units, { readonly texture: WebGLTexture; readonly key: string }>();
  #panelBuffer: WebGLBuffer | null = null;

  /** Throws an Error if the browser has no WebGL2. */
  constructor(canvas: HTMLCanvasElement) {
    super();
    const gl = canvas.getContext('webgl2', { antialias: false, alpha: false, preserveDrawingBuffer: false });
    if (!gl) throw new Error('This browser has no WebGL2.');
    this.#gl = gl;
    const names = gl.getExtension('WEBGL_debug_renderer_info');
    const renderer = names ? String(gl.getParameter(names.UNMASKED_RENDERER_WEBGL)) : '';
    this.isSoftware = softwareNames.test(renderer);
    // Without preventDefault the context would never be restored.
    canvas.addEventListener('webglcontextlost', (event) => {
      event.preventDefault();
      this.onLost();
    });
    canvas.addEventListener('webglcontextrestored', () => this.#restore());
    this.#begin();
  }

  /** Uploads a frame and its mask. */
  override show(frame: ShownFrame): void {
    const old = this.frame;
    super.show(frame);
    if (this.#gl.isContextLost()) return;
    const [format] = formatOf(this.#gl, frame);
    this.#upload('frame', format, frame, frame.rgba ?? frame.data);
    // The mask is the detector's, which is the same for all frames.
    if (!old || old.bad !== frame.bad || old.width !== frame.width || old.height !== frame.height)
      this.#uploadMask(frame);
  }

  override colour(colours: Uint8Array): void {
    super.colour(colours);
    if (this.#gl.isContextLost()) return;
    const rgba = new Uint8Array(4 * 256).fill(255);
    for (let i = 0; i < 256; i++) rgba.set(colours.subarray(3 * i, 3 * i + 3), 4 * i);
    const { RGBA8, RGBA, UNSIGNED_BYTE } = this.#gl;
    this.#upload('colours', [RGBA8, RGBA, UNSIGNED_BYTE], { width: 256, height: 1 }, rgba);
  }

  override place(panels: readonly PlacedPanel[]): void {
    super.place(panels);
    const gl = this.#gl;
    const quads = panels.flatMap(({ minFs, minSs, endFs, endSs, origin, fs, ss }) => [
      ...[minFs, minSs, endFs, endSs],
      ...origin,
      ...fs,
      ...ss,
    ]);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.#panelBuffer);
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array(quads), gl.STATIC_DRAW);
  }

  draw(viewport: Viewport, anew = false): void {
    const gl = this.#gl;
    const { frame, panels, limits, scale, background } = this;
    const { centre, zoom, up, width, height } = viewport;
    if (gl.isContextLost() || !(this.isStale(viewport) || anew)) return;
    gl.viewport(0, 0, width, height);
    gl.clearColor(...background, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    if (!frame || !this.colours || panels.length === 0) return;
    const [, kind] = formatOf(gl, frame);
    const program = this.#program(kind);
    gl.useProgram(program);
    const at = (name: string): WebGLUniformLocation | null => gl.getUniformLocation(program, name);
    gl.uniform2f(at('centre'), ...centre);
    gl.uniform2f(at('scaling'), (2 * zoom) / width, (2 * up * zoom) / height);
    for (const [name, unit] of Object.entries(units)) gl.uniform1i(at(name), unit);
    gl.uniform2i(at('size'), frame.width, frame.height);
    gl.uniform2f(at('limits'), ...limits);
    gl.uniform2f(at('valid'), ...(frame.validRange.map(Math.fround) as [number, number]));
    gl.uniform1i(at('scale'), scales.indexOf(scale));
    gl.uniform3f(at('badColour'), ...this.badColour);
    gl.uniform3f(at('saturatedColour'), ...saturatedColour);
    this.#bindPanels();
    gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, panels.length);
  }

  /** Sets up the colours and the state of a new context. */
  #begin(): void {
    const gl = this.#gl;
    // With the default alignment, rows of odd widths would be sheared.
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    const corners = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, corners);
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([0, 0, 1, 0, 0, 1, 1, 1]), gl.STATIC_DRAW);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
    this.#panelBuffer = gl.createBuffer();
  }

  #restore(): void {
    this.#programs.clear();
    this.#textures.clear();
    this.drawn = '';
    this.#begin();
    const { frame, colours, panels } = this;
    this.clear();
    if (colours) this.colour(colours);
    if (frame) this.show(frame);
    this.place(panels);
    this.onRestored();
  }

  #bindPanels(): void {
    const gl = this.#gl;
    const floats = 10;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.#panelBuffer);
    for (const [location, count, offset] of [
      [1, 4, 0],
      [2, 2, 4],
      [3, 4, 6],
    ] as const) {
      gl.enableVertexAttribArray(location);
      gl.vertexAttribPointer(location, count, gl.FLOAT, false, 4 * floats, 4 * offset);
      gl.vertexAttribDivisor(location, 1);
    }
  }

  #uploadMask({ bad, width, height }: ShownFrame): void {
    const { R8UI, RED_INTEGER, UNSIGNED_BYTE } = this.#gl;
    const bytes = bad ?? new Uint8Array(width * height);
    this.#upload('mask', [R8UI, RED_INTEGER, UNSIGNED_BYTE], { width, height }, bytes);
  }

  #upload(
    name: keyof typeof units,
    [internal, format, type]: Format,
    { width, height }: { readonly width: number; readonly height: number },
    data: FrameData,
  ): void {
    const gl = this.#gl;
    const most = gl.getParameter(gl.MAX_TEXTURE_SIZE) as number;
    const folds = width > most || height > most;
    const [columns, rows] = folds ? [foldedWidth, Math.ceil((width * height) / foldedWidth)] : [width, height];
    if (rows > most)
      throw new Error(`A frame of ${width} × ${height} pixels is larger than this graphics card can hold.`);
    gl.activeTexture(gl.TEXTURE0 + units[name]);
    const key = `${internal} ${columns} ${rows}`;
    const old = this.#textures.get(name);
    if (old?.key === key) gl.bindTexture(gl.TEXTURE_2D, old.texture);
    else {
      if (old) gl.deleteTexture(old.texture);
      const texture = gl.createTexture() as WebGLTexture;
      this.#textures.set(name, { texture, key });
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.texStorage2D(gl.TEXTURE_2D, 1, internal, columns, rows);
      // Integer textures cannot be filtered, and pixels should stay sharp.
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    }
    const rest = folds ? (width * height) % foldedWidth : 0;
    const whole = rest > 0 ? rows - 1 : rows;
    const put = (row: number, wide: number, tall: number, from: number): void =>
      gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, row, wide, tall, format, type, data, from);
    put(0, columns, whole, 0);
    if (rest > 0) put(whole, rest, 1, (whole * columns * data.length) / (width * height));
  }

  #program(kind: Kind): WebGLProgram {
    const known = this.#programs.get(kind);
    if (known) return known;
    const gl = this.#gl;
    const program = gl.createProgram();
    for (const [type, source] of [
      [gl.VERTEX_SHADER, vertexShader],
      [gl.FRAGMENT_SHADER, kind === 'coloured' ? colouredShader : fragmentShader(kind)],
    ] as const) {
      const shader = gl.createShader(type) as WebGLShader;
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS) && !gl.isContextLost())
        throw new Error(`The graphics driver refuses the picture's shader: ${gl.getShaderInfoLog(shader)}`);
      gl.attachShader(program, shader);
    }
    for (const [location, name] of attributes.entries()) gl.bindAttribLocation(program, location, name);
    gl.linkProgram(program);
    this.#programs.set(kind, program);
    return program;
  }
}

function formatOf(gl: Gl, { data, rgba }: ShownFrame): readonly [Format, Kind] {
  if (rgba) return [[gl.RGBA8, gl.RGBA, gl.UNSIGNED_BYTE], 'coloured'];
  const { RED_INTEGER, RED } = gl;
  if (data instanceof Uint8Array) return [[gl.R8UI, RED_INTEGER, gl.UNSIGNED_BYTE], 'u'];
  if (data instanceof Int8Array) return [[gl.R8I, RED_INTEGER, gl.BYTE], 'i'];
  if (data instanceof Uint16Array) return [[gl.R16UI, RED_INTEGER, gl.UNSIGNED_SHORT], 'u'];
  if (data instanceof Int16Array) return [[gl.R16I, RED_INTEGER, gl.SHORT], 'i'];
  if (data instanceof Uint32Array) return [[gl.R32UI, RED_INTEGER, gl.UNSIGNED_INT], 'u'];
  if (data instanceof Int32Array) return [[gl.R32I, RED_INTEGER, gl.INT], 'i'];
  return [[gl.R32F, RED, gl.FLOAT], ''];
}
