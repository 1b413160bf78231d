/** Keys of the page. Every one of them is a button, too; none acts while a field has the focus. */
import { byId, element } from './elements.js';

/** What a key does; `far` is held with Shift: ten frames in place of one. */
export interface KeyAction {
  readonly keys: readonly string[];
  readonly about: string;
  /** When the key does this; default: always. Of several actions of one key the first that may act does. */
  when?(): boolean;
  act(far: boolean): void;
}

/** Binds keys, and writes them into the dialog that lists them. */
export function bindKeys(actions: readonly KeyAction[]): void {
  const list = byId('keys').querySelector('dl') as HTMLElement;
  list.replaceChildren(
    ...actions.flatMap(({ keys, about }) => [element('dt', keys.map(nameOf).join(' ')), element('dd', about)]),
  );
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || takesKey(event.target, event.key)) return;
    const pressed = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const action = actions.find(({ keys, when }) => keys.includes(pressed) && (when?.() ?? true));
    if (!action) return;
    // A focused button is pressed by the space bar, a slider moved by the arrows.
    if (event.target instanceof HTMLButtonElement && event.key === ' ') return;
    event.preventDefault();
    action.act(event.shiftKey);
  });
}

/** Whether the focused element has its own use for a key: fields for all, sliders for those that move them. */
function takesKey(target: EventTarget | null, key: string): boolean {
  if (target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement) return true;
  if (!(target instanceof HTMLInputElement)) return false;
  if (target.type === 'range') return key.length > 1;
  return target.type === 'text';
}

const names: Readonly<Record<string, string>> = { ArrowLeft: '←', ArrowRight: '→', ' ': 'Space' };
const nameOf = (key: string): string => names[key] ?? (key.length === 1 ? key.toUpperCase() : key);
