// Makes a command believe that its standard error is a terminal: NODE_OPTIONS='--require PATH'.
Object.defineProperty(process.stderr, 'isTTY', { value: true });
