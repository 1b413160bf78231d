/** The controls: their values and labels. */
import type { DeviceReport } from '../../../entries/fft.js';
import { byId } from '../by-id.js';
import { type Filter, highest } from './filter.js';
import type { Palette } from './view.js';

/** All settings. */
export interface Settings {
  readonly filter: Filter;
  readonly tool: 'paint' | 'erase';
  /** Radius of the brush in bins. */
  readonly brush: number;
  readonly palette: Palette;
  readonly zoom: number;
  readonly colour: boolean;
  readonly stretch: boolean;
}

export const form = byId<HTMLFormElement>('controls');

// The sliders are finer at low frequencies, which matter most.
const frequencyOf = (slider: number): number => highest * (slider / 100) ** 2;
const widthOf = (slider: number): number => 0.2 * (slider / 100) ** 2;
const period = (f: number): string => (f > 0 ? `${(1 / f).toPrecision(3)} px` : 'everything');

/** Values of some controls by name; `true` and `false` for check boxes. */
type Preset = Readonly<Record<string, string | boolean>>;

/** Resets every control except the backend, then sets some of them to the given values. */
export function presetControls(preset: Preset): void {
  const backend = new FormData(form).get('backend');
  form.reset();
  for (const [name, value] of Object.entries({ ...preset, ...(backend ? { backend: String(backend) } : {}) })) {
    const control = form.elements.namedItem(name);
    if (control instanceof RadioNodeList) control.value = String(value);
    else if (typeof value === 'boolean') (control as HTMLInputElement).checked = value;
    else (control as HTMLInputElement).value = value;
  }
}

/** Reads the controls. */
export function readSettings(): Settings {
  const data = new FormData(form);
  const text = (name: string): string => String(data.get(name) ?? '');
  const number = (name: string): number => Number(byId<HTMLInputElement>(name).value);
  const [first, second] = [frequencyOf(number('from')), frequencyOf(number('to'))];
  const kind = text('kind') as Filter['kind'];
  const ring = kind === 'band' || kind === 'stop';
  return {
    filter: {
      kind,
      from: ring ? Math.min(first, second) : first,
      to: ring ? Math.max(first, second) : second,
      edge: widthOf(number('edge')),
      wedge: data.has('wedge') ? { angle: number('angle'), width: number('spread') } : undefined,
      painted: text('painted') as Filter['painted'],
      keepMean: data.has('keepMean'),
    },
    tool: text('tool') as Settings['tool'],
    brush: number('brush'),
    palette: text('palette') as Palette,
    zoom: 2 ** number('zoom'),
    colour: data.has('colour'),
    stretch: data.has('stretch'),
  };
}

/** Updates the labels of the sliders and shows only those that the kind of filter uses. */
export function labelControls({ filter, brush, zoom }: Settings): void {
  const slider = (name: string): number => Number(byId<HTMLInputElement>(name).value);
  const words: Record<string, string> = {
    from: `${frequencyOf(slider('from')).toFixed(3)} cycles/px (${period(frequencyOf(slider('from')))})`,
    to: `${frequencyOf(slider('to')).toFixed(3)} cycles/px (${period(frequencyOf(slider('to')))})`,
    edge: `${filter.edge.toFixed(3)} cycles/px`,
    angle: `${slider('angle')}°`,
    spread: `${slider('spread')}°`,
    brush: `radius ${brush}`,
    zoom: `${zoom} ×`,
  };
  for (const [name, value] of Object.entries(words)) {
    const output = form.querySelector(`output[for=${name}]`);
    if (output) output.textContent = value;
    byId(name).setAttribute('aria-valuetext', value);
  }
  const used = new Set<string>([filter.kind, filter.wedge ? 'wedge' : '']);
  for (const row of form.querySelectorAll<HTMLElement>('[data-for]'))
    row.hidden = !row.dataset.for?.split(' ').some((use) => used.has(use));
}

/** A button for each backend; unavailable ones are shown with the reason. */
export function listBackends(reports: readonly DeviceReport[]): void {
  for (const { backend, available, device, reason } of reports) {
    const label = document.createElement('label');
    const box = Object.assign(document.createElement('input'), {
      type: 'radio',
      name: 'backend',
      value: backend,
      disabled: !available,
    });
    const text = Object.assign(document.createElement('span'), {
      textContent: device?.kind === 'software' ? `${backend} (software)` : backend,
      title: reason,
    });
    label.append(box, text);
    byId('backends').append(label);
    byId('reasons').append(Object.assign(document.createElement('li'), { textContent: `${backend}: ${reason}` }));
  }
}
