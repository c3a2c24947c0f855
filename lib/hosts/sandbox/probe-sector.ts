/** Interrupts of a timer, 18 a second, that the program waits for; then it ends its computer with this exit code. */
export const PROBE_EXIT_CODE = 85;

/*
 * Source of the program below, for `as --64` and `ld -m elf_x86_64 --oformat binary -Ttext 0x7c00`. It does what kernels hang at where
 * a hypervisor only seems to have hardware virtualisation: page tables, 64 bits, interrupts.
 *
 * .intel_syntax noprefix
 * .code16
 * .globl _start
 * _start:
 *   cli
 *   cld
 *   xor eax, eax
 *   mov ds, ax
 *   mov es, ax
 *   mov ss, ax
 *   mov sp, 0x7c00
 *   # page tables: one for each level, the first 2 MiB as they are
 *   mov di, 0x1000
 *   mov cx, 0xc00
 *   rep stosd
 *   mov word ptr [0x1000], 0x2003
 *   mov word ptr [0x2000], 0x3003
 *   mov word ptr [0x3000], 0x83
 *   # the two interrupt controllers: interrupt 0x20 is the timer, all others are off
 *   mov si, offset pic
 *   mov cl, 10
 * 1: lodsb
 *   movzx dx, al
 *   lodsb
 *   out dx, al
 *   loop 1b
 *   lgdt [gdtr]
 *   lidt [idtr]
 *   mov eax, cr4
 *   or al, 0x20
 *   mov cr4, eax
 *   mov eax, 0x1000
 *   mov cr3, eax
 *   mov ecx, 0xc0000080
 *   rdmsr
 *   or ah, 1
 *   wrmsr
 *   mov eax, cr0
 *   or eax, 0x80000001
 *   mov cr0, eax
 *   ljmp 0x08, offset long_mode
 * .code64
 * long_mode:
 *   mov eax, 0x10
 *   mov ds, eax
 *   mov es, eax
 *   mov ss, eax
 *   mov esp, 0x7c00
 *   # the gate of interrupt 0x20 in a table at 0x4000
 *   mov edi, 0x4200
 *   mov eax, offset tick + 0x80000
 *   stosd
 *   mov eax, 0x00008e00
 *   stosd
 *   xor eax, eax
 *   stosd
 *   stosd
 *   xor ebx, ebx
 *   sti
 * 2: hlt
 *   cmp ebx, 4
 *   jb 2b
 *   mov dx, 0x501
 *   mov al, 0x2a
 *   out dx, al
 * 3: hlt
 *   jmp 3b
 * tick:
 *   inc ebx
 *   mov al, 0x20
 *   out 0x20, al
 *   iretq
 * pic: .byte 0x20,0x11, 0xa0,0x11, 0x21,0x20, 0xa1,0x28, 0x21,0x04, 0xa1,0x02, 0x21,0x01, 0xa1,0x01, 0x21,0xfe, 0xa1,0xff
 * .balign 8
 * gdt: .quad 0, 0x00209a0000000000, 0x0000920000000000
 * gdtr: .word 23
 *   .long gdt
 * idtr: .word 0x20f
 *   .long 0x4000
 * .org 510
 * .word 0xaa55
 */
const PROGRAM =
  '+vxmMcCO2I7AjtC8AHy/ABC5AAxm86vHBgAQAyDHBgAgAzDHBgAwgwC+r3yxCqwPttCs7uL4DwEW4HwPAR7mfA8g4AwgDyLgZrgAEAAADyLYZrmAAADADzKA'
  + 'zAEPMA8gwGYNAQAAgA8iwOpvfAgAuBAAAACO2I7AjtC8AHwAAL8AQgAAuKd8CACruACOAACrMcCrqzHb+/SD+wRy+ma6AQWwKu706/3/w7Ag5iBIzyARoBEh'
  + 'IKEoIQShAiEBoQEh/qH/Dx9EAAAAAAAAAAAAAAAAAAAAmiAAAAAAAACSAAAXAMh8AAAPAgBA';

const SECTOR = 512;

/** The first sector of a disk that a BIOS boots, with the program in it. */
export function probeSector(): Buffer {
  const sector = Buffer.alloc(SECTOR);
  Buffer.from(PROGRAM, 'base64').copy(sector);
  sector.writeUInt16LE(0xaa55, SECTOR - 2);
  return sector;
}
