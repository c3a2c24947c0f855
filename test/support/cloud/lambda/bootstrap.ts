/**
 * What runs in the process of a function: as the runtime of Node.js does, for one event. The event comes in on the input, the result goes
 * out on file descriptor 3, and what the handler logs on the output, a line for each message.
 */
export const BOOTSTRAP = `
const { existsSync, readFileSync, writeSync } = require('fs');
const { format } = require('util');
const { join } = require('path');
const { event, context, deadline } = JSON.parse(readFileSync(0, 'utf8'));
const levels = { log: 'INFO', info: 'INFO', warn: 'WARN', error: 'ERROR', debug: 'DEBUG', trace: 'TRACE' };
for (const [name, level] of Object.entries(levels)) {
  console[name] = (...parts) => {
    process.stdout.write([new Date().toISOString(), context.awsRequestId, level, format(...parts)].join('\\t').replace(/\\n/g, '\\r') + '\\n');
  };
}
// Whoever answers CloudFormation takes for granted that its URLs are of HTTPS, on the usual port.
const https = require('https');
const { request } = https;
https.request = (options, ...rest) => {
  if (options.hostname !== 'localhost' || options.port) { return request(options, ...rest); }
  return require('http').request({ ...options, agent: undefined, port: new URL(process.env.AWS_ENDPOINT_URL).port }, ...rest);
};
let ended = false;
const end = (result) => { if (!ended) { ended = true; writeSync(3, JSON.stringify(result)); process.exit(0); } };
const fail = (error) => {
  const thrown = error instanceof Error ? error : new Error(String(error));
  const said = { errorType: thrown.name, errorMessage: thrown.message, trace: String(thrown.stack).split('\\n') };
  console.error('Invoke Error', JSON.stringify(said));
  end({ failed: true, payload: said });
};
const succeed = (payload) => end({ failed: false, payload: payload === undefined ? null : payload });
process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);
process.on('beforeExit', () => succeed(null));
context.getRemainingTimeInMillis = () => Math.max(0, deadline - Date.now());
context.done = (error, result) => error ? fail(error) : succeed(result);
context.succeed = succeed;
context.fail = fail;
const at = process.env._HANDLER.lastIndexOf('.');
const base = join(process.cwd(), process.env._HANDLER.slice(0, at));
const load = async () => {
  const file = ['.js', '.mjs', '.cjs'].map((suffix) => base + suffix).find(existsSync);
  if (!file) { throw Object.assign(new Error("Cannot find module '" + base.split('/').pop() + "'"), { name: 'Runtime.ImportModuleError' }); }
  if (file.endsWith('.mjs')) { return import(file); }
  return require(file);
};
load().then((module) => {
  const handler = module[process.env._HANDLER.slice(at + 1)];
  if (typeof handler !== 'function') { throw Object.assign(new Error(process.env._HANDLER + ' is undefined or not exported'), { name: 'Runtime.HandlerNotFound' }); }
  const result = handler(event, context, (error, answer) => error ? fail(error) : succeed(answer));
  if (result && typeof result.then === 'function') { result.then(succeed, fail); return; }
  // A handler without a promise answers by its callback.
}).catch(fail);
`;
