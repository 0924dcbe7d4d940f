/** The host cannot run with its configuration. The message says in one line what is wrong and what to do. */
export class ConfigurationError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ConfigurationError";
  }
}
