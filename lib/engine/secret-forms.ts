/** Shorter values would mask half of every log, so of them only the value itself is looked for. */
const SHORTEST_ENCODED = 4;

/**
 * The forms in which a secret turns up in output: itself, its lines, and what base64 (at any alignment), URLs, JSON and
 * traces of a shell make of it. Of a value with fewer than 4 characters only the value itself.
 */
export function secretForms(secret: string): Buffer[] {
  if (secret === '') { return []; }
  if (secret.length < SHORTEST_ENCODED) { return [Buffer.from(secret)]; }
  // What a program prints of a secret ends with the last line, not with its newline.
  const lines = secret.split(/\r?\n/).filter((line) => line.length >= SHORTEST_ENCODED);
  const forms = [secret, ...lines].flatMap((text) => [
    text,
    ...base64Forms(text),
    // As `echo "$SECRET" | base64` makes it.
    ...base64Forms(`${text}\n`),
    ...urlForms(text),
    ...jsonForms(text),
    ...shellForms(text),
  ]);
  return [...new Set(forms)].map((form) => Buffer.from(form));
}

/** Base64 of the secret where 0, 1 or 2 bytes come before it: without the characters that its neighbours have a part in. */
function base64Forms(text: string): string[] {
  const bytes = Buffer.from(text);
  return [0, 1, 2].flatMap((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64').replace(/=+$/, '');
    const foreign = Math.ceil(before * 8 / 6);
    const own = Math.floor((before + bytes.length) * 8 / 6);
    const standard = encoded.slice(foreign, own);
    return standard.length < SHORTEST_ENCODED ? [] : [standard, standard.replace(/\+/g, '-').replace(/\//g, '_')];
  });
}

function urlForms(text: string): string[] {
  // A secret from outside may hold half a surrogate pair, which cannot be encoded.
  const component = encodeURIComponent(Buffer.from(text).toString());
  const strict = component.replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return [component, strict, strict.replace(/%20/g, '+')].flatMap((form) => [form, form.replace(/%../g, (code) => code.toLowerCase())]);
}

function jsonForms(text: string): string[] {
  const plain = JSON.stringify(text).slice(1, -1);
  const ascii = plain.replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return [plain, plain.replace(/\//g, '\\/'), ascii, ascii.replace(/\//g, '\\/')];
}

/** As `set -x` shows it: dash and bash differ in how they escape a quote. */
function shellForms(text: string): string[] {
  return ['\'\\\'\'', '\'"\'"\''].map((escaped) => text.replaceAll('\'', escaped));
}
