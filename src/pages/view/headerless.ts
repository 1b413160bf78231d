/** The form that asks for the shape of a file of plain numbers, which has no header. */
import { byId } from '../by-id.js';
import { viewer } from './app.js';
import type { AskedShape, InputFile, OpenRequest } from './protocol.js';

const dtypes = ['u8', 'u16', 'u32', 'i8', 'i16', 'i32', 'f32', 'f64'] as const;

const dialog = (): HTMLDialogElement => byId<HTMLDialogElement>('headerless');
const part = <T extends HTMLInputElement | HTMLSelectElement>(name: string): T =>
  dialog().querySelector(`[name="${name}"]`) as T;
const lengthsIn = (name: string): number[] => [...part(name).value.matchAll(/\d+/g)].map(Number);

/** Asks for shape and type of files without a header; the fields have what may fit. */
export function askForShape(files: readonly InputFile[], { bytes, ...fitting }: AskedShape, show: () => void): void {
  const names = files.map(({ name }) => name).join(', ');
  byId('headerless-of').textContent =
    `${names}${bytes === undefined ? '' : ` (${bytes} bytes)`} has no header that says how its numbers are arranged.`;
  part<HTMLSelectElement>('dtype').replaceChildren(...dtypes.map((name) => new Option(name)));
  part('dtype').value = fitting.dtype ?? 'u16';
  for (const name of ['navShape', 'sigShape'] as const) part(name).value = fitting[name]?.replaceAll(',', ', ') ?? '';
  part('offset').value = '0';
  dialog().onclose = () => {
    if (dialog().returnValue !== 'read') return;
    const [navShape, sigShape, offset] = [lengthsIn('navShape'), lengthsIn('sigShape'), Number(part('offset').value)];
    const opening = {
      dtype: part('dtype').value as (typeof dtypes)[number],
      ...(sigShape.length > 0 && { sigShape }),
      ...(navShape.length > 0 && { navShape }),
      ...(offset !== 0 && { offset }),
    } satisfies OpenRequest['opening'];
    void viewer.open(files, { opening }).then(show);
  };
  if (!dialog().open) dialog().showModal();
}
