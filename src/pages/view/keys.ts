/** Keyboard shortcuts of the page. Each has a button as well; none acts while a field has the focus. */
import { byId } from '../by-id.js';
import { createElement } from './elements.js';

/**
 * A key, what it does in words, and the action; `isFar`: Shift is held, for ten frames instead of one. `when` says whether
 * it applies now, default: always. If a key has several actions, the first that applies is run.
 */
export type KeyAction = readonly [key: string, about: string, act: (isFar: boolean) => unknown, when?: () => boolean];

/** The name after another one; the first after the last. */
export const nextOf = <T extends string>(names: readonly T[], name: T): T =>
  names[(names.indexOf(name) + 1) % names.length] as T;

/** Writes keys into the dialog that lists them. */
function listKeys(listed: readonly KeyAction[]): void {
  // Keys that do the same in different directions are listed together.
  const keysOf = new Map<string, string[]>();
  for (const [key, about] of listed) keysOf.set(about, [...(keysOf.get(about) ?? []), keyName(key)]);
  byId('keys')
    .querySelector('dl')
    ?.replaceChildren(
      ...[...keysOf].map(([about, keys]) =>
        createElement('div', createElement('dt', keys.join(' ')), createElement('dd', about)),
      ),
    );
}

const applies = ([, , , when]: KeyAction): boolean => when?.() ?? true;

/** Binds keys, the first of which that applies acts; the dialog that lists them has those that apply. */
export function bindKeys(actions: readonly KeyAction[], listed: readonly KeyAction[]): void {
  listKeys(listed);
  byId('keys').addEventListener('beforetoggle', () => listKeys(listed.filter(applies)));
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || takesKey(event.target, event.key)) return;
    const pressed = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const [, , act] = actions.find((action) => action[0] === pressed && applies(action)) ?? [];
    if (!act) return;
    // The space bar presses what has the focus: a button, a box that is ticked, the head of a section.
    if (event.key === ' ' && (event.target as Element).matches('button, input, summary')) return;
    event.preventDefault();
    act(event.shiftKey);
  });
}

/** Whether the focused element uses a key itself: fields use all keys, sliders the keys that move them. */
function takesKey(target: EventTarget | null, key: string): boolean {
  if (target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement) return true;
  if (!(target instanceof HTMLInputElement)) return false;
  if (target.type === 'range') return key.length > 1;
  return target.type === 'text' || target.type === 'number';
}

const names: Readonly<Record<string, string>> = {
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  ' ': 'Space',
  '-': '−',
};
const keyName = (key: string): string => names[key] ?? (key.length === 1 ? key.toUpperCase() : key);
