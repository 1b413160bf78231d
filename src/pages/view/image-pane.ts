/** A pane with one result of a scan: its picture with limits, colours, a colour bar, a scale bar, and its numbers. */
import { mapInto, type NamedResult } from '../../entries/pages.js';
import { barWidth, drawColourBar, drawScaleBar, written } from './bars.js';
import { type ColourMapName, colourMapNames, colourMaps } from './colour-maps.js';
import { automaticLimits, type Limits, sampleOf } from './contrast.js';
import { bindSelect, computedColor, readLimits, setTextUnlessFocused } from './elements.js';
import { PanelLayout, wholeFrame } from './layout.js';
import { drawRegion, drawWheel } from './overlay.js';
import type { Pane } from './pane.js';
import type { ImagePlane, ScanImage, ScanRegion } from './protocol.js';
import { save } from './save.js';
import { isSigned, quantities, quantityNames, type ScanQuantity, type ScanUnits } from './scan-quantities.js';
import { type ScaleName, scales } from './shaders.js';
import type { Point } from './viewport.js';

/** The valid range of an image, which contains every value. */
const everyValue: Limits = [-3.4e38, 3.4e38];

export class ImagePane {
  readonly figure: HTMLElement;
  readonly pane: Pane;
  quantity: ScanQuantity = 'sum';
  /** Whether the Fourier transform of the image is shown. */
  fourier = false;
  /** Numbers as the analysis returns them, [rows, columns]; NaN where they are still unknown. */
  image: Float64Array | undefined;
  /** Colours of all directions while a field is shown. */
  wheel: Uint8Array | undefined;
  /** The vectors of a field. */
  #vectors: Float64Array | undefined;
  /** Length of the vectors at the rim of the wheel, in the unit of the analysis; chosen, or that of the image. */
  rim: number | undefined;
  /** Whether the limits were set, and are kept. */
  locked = false;
  colours: ColourMapName = 'inferno';
  units: ScanUnits = {};
  /** The name of the file, and the command that gives the numbers; set by the scan. */
  name = '';
  command = '';
  /** What the image should be read with. */
  notes: readonly string[] = [];
  onChange: () => void = () => undefined;
  onQuantity: () => void = () => undefined;
  /** Resolves when the pane shows the numbers themselves. */
  settle: () => Promise<void> = async () => undefined;
  /** The plane of an image that does not show the scan. */
  plane: ImagePlane | undefined;
  #size: readonly [rows: number, columns: number] = [1, 1];
  #drawn = '';
  #shownAs = '';
  #place: Point | undefined;

  constructor(figure: HTMLElement, pane: Pane) {
    [this.figure, this.pane] = [figure, pane];
    pane.inset = barWidth;
    pane.picture.colour(colourMaps[this.colours]);
    pane.onChange = () => this.onChange();
    pane.onPoint = (place) => {
      this.#place = place;
      this.writeReading();
    };
    this.#bind();
  }

  /** Unit of the shown numbers, and by how much they exceed those of the analysis. */
  get unit(): readonly [unit: string, factor: number] {
    return this.fourier ? ['', 1] : quantities[this.quantity].unit(this.units);
  }

  get title(): string {
    return `${quantities[this.quantity].title}${this.fourier ? ', Fourier transform' : ''}`;
  }

  /** Prepares the pane for images of another scan. */
  place(rows: number, columns: number): void {
    this.#size = [rows, columns];
    this.clear();
    this.rim = undefined;
    this.locked = false;
    this.#shownAs = '';
    this.plane = undefined;
    this.pane.place(new PanelLayout([wholeFrame(columns, rows)]), -1);
  }

  /** Takes the image away while another one is computed, which may fail. */
  clear(): void {
    this.image = undefined;
    this.#vectors = undefined;
    this.wheel = undefined;
    this.command = '';
    this.note([]);
    this.pane.picture.clear();
  }

  /** Rows and columns of the image that is shown. */
  get shape(): readonly [rows: number, columns: number] {
    return this.plane ? [this.plane.rows, this.plane.columns] : this.#size;
  }

  /** How many times wider than high a pixel is drawn: planes of two different axes are drawn as squares. */
  get #stretch(): number {
    const [y, x] = this.plane?.axes ?? [];
    return y && x && y.unit !== x.unit ? this.shape[0] / this.shape[1] : 1;
  }

  /** Shows an image; limits follow its values until they are set. */
  show({ image, vectors, rgba, wheel, rim, plane }: ScanImage): void {
    if (JSON.stringify(plane) !== JSON.stringify(this.plane)) {
      this.plane = plane;
      const [rows, columns] = this.shape;
      this.pane.place(new PanelLayout([{ ...wholeFrame(columns, rows), fs: [this.#stretch, 0] }]), -1);
    }
    const [rows, columns] = this.shape;
    const [unit, factor] = this.unit;
    [this.image, this.#vectors, this.wheel] = [image, vectors, wheel];
    const data = mapInto(new Float32Array(image.length), image, (value) => value * factor);
    const shown = { data, rgba, width: columns, height: rows, bad: undefined, validRange: everyValue };
    const { picture } = this.pane;
    picture.show(shown);
    const shownAs = `${this.quantity} ${this.fourier} ${unit}`;
    if (shownAs !== this.#shownAs) {
      this.#shownAs = shownAs;
      this.locked = false;
      this.setColours(this.fourier ? 'inferno' : quantities[this.quantity].colours);
      picture.scale = this.fourier ? 'log' : quantities[this.quantity].scale;
    }
    if (rim !== undefined && !this.locked) picture.limits = [0, rim * factor];
    else if (!this.locked) picture.limits = this.#automatic();
    this.onChange();
  }

  #automatic(): Limits {
    const { frame } = this.pane.picture;
    if (!frame) return [0, 1];
    const [low, high] = automaticLimits(sampleOf(frame.data, frame), 'range');
    const most = Math.max(Math.abs(low), Math.abs(high));
    return isSigned(this.quantity) && !this.fourier ? [-most, most] : [low, high];
  }

  setColours(name: ColourMapName): void {
    this.colours = name;
    this.pane.picture.colour(colourMaps[name]);
    this.#drawn = '';
    this.onChange();
  }

  /** Sets limits, which are kept; undefined: those of the values. */
  setLimits(limits: Limits | undefined): void {
    this.locked = limits !== undefined;
    const { picture } = this.pane;
    if (limits) picture.limits = limits;
    else picture.limits = this.#automatic();
    // The colours of a field come with its image.
    this.rim = this.wheel && limits ? limits[1] / this.unit[1] : undefined;
    if (this.wheel) this.onQuantity();
    this.onChange();
  }

  /** Draws the picture, and what lies on it where that has changed. */
  draw(region: ScanRegion | undefined, background: Pane['picture']['background']): void {
    const { picture, overlay, viewport } = this.pane;
    picture.background = background;
    this.pane.draw();
    const { limits, scale } = picture;
    const at = [...viewport.centre, viewport.zoom, viewport.width, viewport.height];
    const [unit] = this.unit;
    const key = [...at, ...limits, scale, unit, ...background, JSON.stringify(region), this.wheel?.[2000]].join();
    if (key === this.#drawn) return;
    this.#drawn = key;
    drawRegion(this.pane, this.fourier || this.plane ? undefined : region);
    const pen = overlay.getContext('2d') as CanvasRenderingContext2D;
    const { stepNm } = this.units;
    const along = this.plane?.axes[1] ?? { step: stepNm ?? 1, unit: stepNm ? 'nm' : 'positions' };
    if (!this.fourier) drawScaleBar(pen, along.step / (viewport.zoom * this.#stretch), along.unit, devicePixelRatio);
    const ink = computedColor(this.figure);
    if (this.wheel) drawWheel(this.pane, this.wheel, `${written(Number(limits[1].toPrecision(3)))} ${unit}`, ink);
    else {
      const bar = { colours: colourMaps[this.colours], limits, scale, title: unit, ink };
      drawColourBar(pen, overlay, bar, devicePixelRatio);
    }
  }

  /** Writes the values of the controls. */
  write(): void {
    const { limits, scale } = this.pane.picture;
    const texts = limits.map((limit) => String(Number(limit.toPrecision(4))));
    for (const [i, name] of (['low', 'high'] as const).entries())
      setTextUnlessFocused(this.#part<HTMLInputElement>(name), texts[i] as string);
    this.#part<HTMLInputElement>('low').disabled = this.wheel !== undefined;
    this.#part<HTMLSelectElement>('quantity').value = this.quantity;
    this.#part<HTMLSelectElement>('scale').value = scale;
    this.#part<HTMLSelectElement>('colours').value = this.colours;
    for (const name of ['scale', 'colours']) this.#part(name).hidden = this.wheel !== undefined;
    this.pane.overlay.ariaLabel = `${this.title} of the scan`;
    this.writeReading();
  }

  /** The value under the pointer; without a pointer, the command that computes the image. */
  writeReading(): void {
    const line = this.figure.querySelector('.pane-reading') as HTMLElement;
    line.textContent = this.#readingOf(this.#place) ?? this.command;
    line.title = this.command;
  }

  /** Writes what the image should be read with below it. */
  note(notes: readonly string[]): void {
    this.notes = notes;
    const line = this.figure.querySelector('.pane-notes') as HTMLElement;
    line.textContent = notes.join('; ');
    line.hidden = notes.length === 0;
    // Where they do not fit, the keyboard scrolls them.
    line.tabIndex = 0;
  }

  #readingOf(place: Point | undefined): string | undefined {
    const hit = place && this.pane.layout.pixelAt(place);
    const { frame } = this.pane.picture;
    if (!hit || !frame || !this.image) return undefined;
    const [x, y] = [Math.floor(hit.fs), Math.floor(hit.ss)];
    const value = frame.data[y * frame.width + x] as number;
    const number = Number.isNaN(value) ? 'no value' : written(Number(value.toPrecision(6)));
    if (this.plane) {
      const [along, across] = this.plane.axes.map(({ name, unit, first, step }, k) => {
        const at = first + step * (k === 0 ? y : x);
        return `${name} ${written(Number(at.toPrecision(4)))}${unit === '°' ? unit : ` ${unit}`}`;
      });
      return `${along}  ${across}   ${number} ${Number.isNaN(value) ? '' : this.unit[0]}`;
    }
    const { stepNm } = this.units;
    const away = stepNm && !this.fourier ? `   ${[y, x].map((n) => (n * stepNm).toPrecision(4)).join(', ')} nm` : '';
    return `row ${y}  column ${x}   ${number} ${Number.isNaN(value) ? '' : this.unit[0]}${away}`;
  }

  /** Saves the numbers in the unit that the pane shows, which is in the name of the .npy file. */
  async #saveNpy(): Promise<void> {
    await this.settle();
    const { quantity } = this;
    const image = this.#vectors ?? this.image;
    if (!image) return this.note(['There is nothing to save before the picture is there']);
    const [unit, factor] = this.unit;
    const what = this.fourier ? `${quantity} transform` : quantity;
    const name =
      unit === '' ? what : `${what} (${unit.replace(' / ', ' per ').replace('%', 'percent').replace('°', 'degrees')})`;
    const numbers = factor === 1 ? image : image.map((value) => value * factor);
    (await import('./npy-file.js')).saveNpy(
      `${name}.npy`,
      '<f8',
      this.#vectors ? [...this.shape, 2] : this.shape,
      numbers,
    );
  }

  /** The numbers in the unit that the pane shows, for a page of results. */
  get result(): NamedResult | undefined {
    const { image, plane } = this;
    if (!image) return undefined;
    const [unit, factor] = this.unit;
    const data = (this.#vectors ?? image).map((value) => value * factor);
    const axes = plane?.axes.map(({ name }) => name) ?? (this.fourier ? ['frequency_y', 'frequency_x'] : undefined);
    return {
      ...{ name: this.title, dtype: 'f64', data, navAxes: axes ? 0 : 2 },
      shape: this.#vectors ? [...this.shape, 2] : this.shape,
      ...(this.#vectors && { vectors: true }),
      ...(unit !== '' && { unit }),
      ...(axes && { axes }),
      ...(plane && { scales: plane.axes }),
      log: this.fourier,
    };
  }

  /** The picture with its bars, and the name of the result below it. */
  png(): Promise<Blob> {
    return this.pane.image(`${this.title} · ${this.name}`);
  }

  #part<T extends HTMLElement = HTMLElement>(name: string): T {
    return this.figure.querySelector(`[name="${name}"]`) as T;
  }

  #bind(): void {
    const { picture } = this.pane;
    const list = (name: string): HTMLSelectElement => this.#part<HTMLSelectElement>(name);
    const click = (name: string, act: () => unknown): void =>
      this.#part(name).addEventListener('click', () => void act());
    const chooseQuantity = (name: ScanQuantity): void => {
      this.quantity = name;
      this.onQuantity();
    };
    const chooseScale = (name: ScaleName): void => {
      picture.scale = name;
      this.onChange();
    };
    // A further pane is a copy of the first one, with its lists.
    for (const name of ['quantity', 'scale', 'colours']) list(name).replaceChildren();
    bindSelect(list('quantity'), chooseQuantity, quantityNames, (name) => quantities[name].title);
    bindSelect(list('scale'), chooseScale, scales);
    bindSelect(list('colours'), (name) => this.setColours(name), colourMapNames);
    for (const name of ['low', 'high'] as const) {
      const field = this.#part<HTMLInputElement>(name);
      field.addEventListener('change', () => {
        const limits = readLimits(field, name, picture.limits);
        if (limits) this.setLimits(limits);
      });
    }
    click('auto', () => this.setLimits(undefined));
    click('npy', () => this.#saveNpy());
    click('png', async () => this.image && save(`${this.quantity}.png`, await this.png()));
    click('close', () => this.figure.dispatchEvent(new Event('close')));
  }
}
