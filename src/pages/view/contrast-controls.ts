/** Limits, scale and colours: fields, lists and the histogram. */
import { byId } from '../by-id.js';
import { pane, viewer } from './app.js';
import { drawHistogram } from './charts.js';
import { colourMapNames } from './colour-maps.js';
import { bindSelect, inputById, onClick, readLimits, selectById, setTextByIdUnlessFocused } from './elements.js';
import { scales } from './shaders.js';

export function bindContrast(): void {
  bindSelect(selectById('scale'), (name) => viewer.scale(name), scales);
  bindSelect(selectById('colours'), (name) => viewer.colour(name), colourMapNames);
  onClick('auto', () => viewer.auto());
  onClick('lock', () => viewer.lock(!viewer.locked));
  const fields = ['low', 'high'] as const;
  for (const id of fields)
    inputById(id).addEventListener('change', () => {
      const limits = readLimits(inputById(id), id, pane.picture.limits);
      if (limits) viewer.setLimits(limits);
    });
  const histogram = byId<HTMLCanvasElement>('histogram');
  const drag = ({ clientX }: PointerEvent): void => {
    const { left, width } = histogram.getBoundingClientRect();
    const share = (clientX - left) / width;
    const value = viewer.histogram.valueAt(share);
    const [low, high] = pane.picture.limits;
    const distances = [low, high].map((limit) => Math.abs(viewer.histogram.shareOf(limit) - share)) as [number, number];
    viewer.setLimits(distances[0] < distances[1] ? [value, high] : [low, value]);
  };
  histogram.addEventListener('pointerdown', (event) => {
    histogram.setPointerCapture(event.pointerId);
    drag(event);
  });
  histogram.addEventListener('pointermove', (event) => {
    if (event.buttons > 0) drag(event);
  });
}

export function writeContrast(): void {
  const [low, high] = pane.picture.limits;
  drawHistogram(byId<HTMLCanvasElement>('histogram'), viewer.histogram, [low, high]);
  if (!viewer.opened) return;
  setTextByIdUnlessFocused('low', String(Number(low.toPrecision(4))));
  setTextByIdUnlessFocused('high', String(Number(high.toPrecision(4))));
  byId('lock').ariaPressed = String(viewer.locked);
  selectById('scale').value = pane.picture.scale;
  selectById('colours').value = viewer.colours;
}
