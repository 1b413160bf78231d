/** Where the images of a scan are computed: in this tab or by the server of the page. Loaded where there is a choice. */
import { scan, viewer } from './app.js';
import { selectById } from './elements.js';

/** Offers the places and says which it is; `open` opens the scan again where the other one was chosen. */
export function offerPlaces(isAgain: boolean, open: () => void): void {
  const { compute } = viewer.request ?? {};
  if (!isAgain) scan.where = compute?.where ?? 'here';
  const select = selectById('compute');
  select.replaceChildren(
    new Option(`Computed on ${compute?.host}`, 'there'),
    new Option('Computed in this tab', 'here'),
  );
  select.value = scan.where;
  select.onchange = () => {
    scan.where = select.value as 'here' | 'there';
    open();
  };
}
