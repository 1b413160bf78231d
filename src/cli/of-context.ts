/** What opens a context; loaded by the commands that compute. */
export { createContext, devices } from '../entries/index.node.js';
