/** Firmware that the instances of an image boot with. */
export enum BootMode {
  /** BIOS. Only for x86_64. */
  LEGACY_BIOS = 'legacy-bios',
  /** UEFI. The source needs an EFI system partition. */
  UEFI = 'uefi',
  /** UEFI where the instance type has it, else BIOS. Only for x86_64. */
  UEFI_PREFERRED = 'uefi-preferred',
}
