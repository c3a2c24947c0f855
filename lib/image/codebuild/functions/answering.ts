/** Inline code is short. */
export function inlineCode(text: string): string {
  return text.trim().replace(/^ +/gm, '').replace(/^\/\/.*\n/gm, '');
}

/**
 * Part of the functions that CloudFormation calls: `act(event)` does what is asked, and CloudFormation gets an answer in any case,
 * also when the time runs out. Where it cannot be told, Lambda calls again. An ID that never changes keeps CloudFormation from
 * taking an update for a replacement, and so from ever asking to remove an image that is in use.
 */
export const ANSWERING = `
const put = async (url, body) => {
  for (let attempt = 1; ; attempt++) {
    try {
      const { status } = await fetch(url, { method: 'PUT', headers: { 'content-type': '' }, body: JSON.stringify(body), signal: AbortSignal.timeout(10000) });
      if (status < 300) { return; }
      throw new Error('HTTP status ' + status);
    } catch (error) {
      if (attempt === 5 || error.message === 'HTTP status 403') { throw error; }
      await pause(attempt * 500);
    }
  }
};
// The URL of a condition works for a day: after that nobody waits.
const tell = (url, end) => put(url, end).catch((error) => {
  if (error.message !== 'HTTP status 403') { throw error; }
  console.log('Nobody waits for it any more');
});
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const printable = (text, most) => {
  const plain = text.replace(/\\u001b\\[[0-9;?]*[A-Za-z]/g, '').replace(/\\s*[\\r\\n]+\\s*/g, ' | ').replace(/[^ -~]/g, '');
  return plain.length > most ? plain.slice(0, most - 3) + '...' : plain;
};
`;

/** Answers a custom resource. */
export const ANSWERING_RESOURCE = `${ANSWERING}
exports.handler = async (event, context) => {
  const { StackId, RequestId, LogicalResourceId, PhysicalResourceId = LogicalResourceId, ResponseURL } = event;
  const late = Symbol();
  let timer;
  const end = new Promise((resolve) => { timer = setTimeout(resolve, context.getRemainingTimeInMillis() - 20000, late); });
  let answer;
  try {
    const Data = await Promise.race([act(event, context), end]);
    if (Data === late) { throw new Error('It took too long'); }
    answer = { Status: 'SUCCESS', Data };
  } catch (error) {
    console.error(error);
    answer = { Status: 'FAILED', Reason: printable(error.name + ': ' + error.message, 1000) };
  }
  clearTimeout(timer);
  await put(ResponseURL, { ...answer, PhysicalResourceId, StackId, RequestId, LogicalResourceId });
};
`;
