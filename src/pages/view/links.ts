/** Links to a view: its address is copied, and an address that is pasted into the page is followed. */
import { readAddress } from './address.js';
import { applyAddress } from './address-controls.js';
import { say, viewer } from './app.js';

/** Copies the address of the view. */
export async function copyLink(): Promise<void> {
  try {
    await navigator.clipboard.writeText(location.href);
    say('The address of this view is copied; a browser that has opened this page before opens it.', false);
  } catch {
    say(`This browser does not let a page copy; the address is ${location.href}`, false);
  }
}

/** Shows the view of an address that was pasted. */
export async function followAddress(): Promise<void> {
  if (viewer.opened) await applyAddress(readAddress(location.hash));
}
