/** What a shell takes for the name of an environment variable (POSIX, 8.1). */
export const ENVIRONMENT_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** A file mode as people write it: an octal number with a leading zero. */
export const FILE_MODE = /^0[0-7]{3,4}$/;

/** A login or group name as useradd(8) takes it. */
export const LOGIN_NAME = /^[a-z_][a-z0-9_-]{0,31}\$?$/;
