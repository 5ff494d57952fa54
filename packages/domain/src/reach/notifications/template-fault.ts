/** A template that cannot be read, or does not come to an end within its limits. The message names the place. */
export class TemplateFault extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = 'TemplateFault';
  }
}
