import { join } from 'path';
import { requireCompiled } from './code-cache';
import { codeFolder } from './state-place';

/* The command as it ships: the building half itself lies beside it, and is compiled once and not at every start. */
requireCompiled(join(__dirname, 'engine.js'), codeFolder(process.env, process.argv.slice(2)));
