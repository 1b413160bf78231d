/**
 * The script of a page of numbers (src/report/numbers-page.ts), which is written into the page: it draws the numbers that
 * are there, and asks for nothing else. A report has a place for them, and says the rest itself.
 */
import type { StoredPage, StoredResult } from '../../entries/pages.js';
import { byId } from '../by-id.js';
import { createButton, createElement } from '../view/elements.js';
import { saveNpy } from '../view/npy-file.js';
import { axisText, placeText } from './axes.js';
import { curveOf } from './curve.js';
import { mapOf } from './map.js';
import { elementText, type Numbers, partOf, partsOf, shown, unitText, unpacked } from './numbers.js';

const stored = JSON.parse(byId('stored').textContent ?? '') as StoredPage;

const times = (lengths: readonly number[]): string => lengths.join(' × ');

function correctionWords({ dark, gain, excludedPixels }: NonNullable<StoredPage['about']['corrections']>): string[] {
  return [
    ...(dark ? ['dark subtracted'] : []),
    ...(gain ? ['gain applied'] : []),
    ...(excludedPixels ? [`${excludedPixels} pixels excluded`] : []),
  ];
}

function facts({ about, creator, date }: StoredPage): string {
  const { input, shape, dtype, region, corrections, stepNm, voltageKv, semiconvMrad, measured } = about;
  return [
    `${input}: ${times(shape)} ${dtype}`.trim(),
    ...(region ? [`a region of ${region.positions} of ${region.of} positions`] : []),
    ...(corrections ? [`frames corrected: ${correctionWords(corrections).join(', ')}`] : []),
    ...(measured ? [`${measured.positions} of ${measured.of} positions measured`] : []),
    ...(stepNm === undefined ? [] : [`a step is ${shown(stepNm)} nm`]),
    ...(voltageKv === undefined ? [] : [`${shown(voltageKv)} kV`]),
    ...(semiconvMrad === undefined ? [] : [`semi-angle ${shown(semiconvMrad)} mrad`]),
    `${creator}, ${date.slice(0, 16).replace('T', ' ')} UTC`,
  ].join(' · ');
}

/** Saves the numbers of a result as they are in the page. */
function saveNumbers(result: StoredResult, numbers: Numbers): void {
  const { name, axes, type, pairs } = result;
  const shape = axes.map(({ length }) => length);
  const isComplex = pairs === 'complex';
  const dtype = isComplex ? (type.endsWith('8') ? '<c16' : '<c8') : type;
  saveNpy(`${name}.npy`, dtype, pairs === 'vectors' ? [...shape, 2] : shape, numbers);
}

/** The curve of a result with one axis that is longer than one number. */
function curveView(result: StoredResult, numbers: Numbers, readout: HTMLElement): readonly Element[] {
  const axis = result.axes.find(({ length }) => length > 1);
  if (!axis) return [];
  const { first = 0, step = 1, length } = axis;
  const indices = Uint32Array.from({ length }, (_, i) => i);
  const across = axisText(axis);
  return partsOf(result)
    .filter((part) => part !== 'direction')
    .map((part) =>
      curveOf({
        ...{ values: partOf(numbers, part, indices), first, step },
        across: part === 'value' ? across : `${part} by ${across}`,
        onPoint: (i) => readout.replaceChildren(`${placeText(axis, i)}: ${elementText(numbers, result, i)}`),
      }),
    );
}

async function card(result: StoredResult): Promise<HTMLElement> {
  const { name, axes, unit, desc, remark } = result;
  const lengths = axes.map(({ length }) => length);
  const head = createElement('header', createElement('h2', name));
  const about = [times(lengths), unitText(unit).trim(), ...(desc === undefined ? [] : [desc])];
  const box = createElement('section', head, { className: 'result' });
  head.append(createElement('span', about.filter((text) => text !== '').join(' · '), { className: 'quiet' }));
  if (remark !== undefined) box.append(createElement('p', remark, { className: 'quiet' }));
  if (result.numbers === undefined) return box;
  const numbers = await unpacked(result);
  const readout = createElement('div', { className: 'readout' });
  const count = lengths.reduce((product, length) => product * length, 1);
  const long = lengths.filter((length) => length > 1).length;
  if (count === 1) box.append(createElement('p', elementText(numbers, result, 0), { className: 'number' }));
  else if (long < 2) box.append(...curveView(result, numbers, readout), readout);
  else if (count > 1) box.append(...mapOf(result, numbers, readout));
  else box.append(createElement('p', 'no numbers', { className: 'quiet' }));
  const saved = createButton('Save numbers (.npy)', { onclick: () => saveNumbers(result, numbers) });
  box.append(createElement('div', saved, { className: 'controls' }));
  return box;
}

/** What is in the results, in the order in which they come. */
async function fill(results: HTMLElement): Promise<void> {
  for (const result of stored.results) results.append(await card(result));
  results.hidden = false;
  // For programs that look at the page.
  document.documentElement.dataset.ready = 'yes';
}

async function start(): Promise<void> {
  const place = document.getElementById('numbers');
  if (place) return fill(place);
  const page = byId('page');
  page.append(createElement('p', facts(stored), { className: 'quiet' }));
  if (stored.command !== undefined) page.append(createElement('pre', stored.command));
  if (stored.notes.length > 0) {
    const lines = stored.notes.map((note) => createElement('p', note));
    page.append(createElement('div', ...lines, { className: 'warnings' }));
  }
  const results = createElement('div', { className: 'results' });
  page.append(results);
  await fill(results);
  const parameters = JSON.stringify(stored.about.analyses, undefined, 2);
  page.append(
    createElement('details', createElement('summary', 'Parameters and calibration'), createElement('pre', parameters)),
  );
}

start().catch((error: unknown) => {
  const why = error instanceof Error ? error.message : String(error);
  (document.getElementById('page') ?? document.body).append(
    createElement('p', `The numbers cannot be shown: ${why}`, { className: 'warnings' }),
  );
});
