/* What a program needs where there is no C library: its entry, two system calls, four functions
 * that compilers take for granted. Linux on x86-64 and AArch64. */
#include <stddef.h>
#include <stdint.h>

int32_t golden_csv(void (*put)(uint8_t));

#if defined(__x86_64__)
enum { WRITE = 1, EXIT = 60 };
static long call(long number, long a, long b, long c) {
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c)
                     : "rcx", "r11", "memory");
    return result;
}
__asm__(".globl _start\n_start: xor %ebp, %ebp\ncall start\n");
#elif defined(__aarch64__)
enum { WRITE = 64, EXIT = 93 };
static long call(long number, long a, long b, long c) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    return x0;
}
__asm__(".globl _start\n_start: bl start\n");
#else
#error "start.c knows x86-64 and AArch64"
#endif

_Noreturn void stop(int32_t status) {
    for (;;) call(EXIT, status, 0, 0);
}

static char line[4096];
static size_t filled;

static void flush(void) {
    for (size_t done = 0; done < filled;) {
        long count = call(WRITE, 1, (long)(line + done), (long)(filled - done));
        if (count <= 0) stop(102);
        done += (size_t)count;
    }
    filled = 0;
}

static void put(uint8_t byte) {
    line[filled++] = (char)byte;
    if (filled == sizeof line) flush();
}

_Noreturn void start(void) {
    int32_t status = golden_csv(put);
    flush();
    stop(status);
}

void *memcpy(void *to, const void *from, size_t count) {
    for (size_t n = 0; n < count; n++) ((char *)to)[n] = ((const char *)from)[n];
    return to;
}

void *memmove(void *to, const void *from, size_t count) {
    if ((uintptr_t)to <= (uintptr_t)from) return memcpy(to, from, count);
    while (count-- > 0) ((char *)to)[count] = ((const char *)from)[count];
    return to;
}

void *memset(void *to, int value, size_t count) {
    for (size_t n = 0; n < count; n++) ((char *)to)[n] = (char)value;
    return to;
}

int memcmp(const void *a, const void *b, size_t count) {
    const unsigned char *x = a, *y = b;
    for (size_t n = 0; n < count; n++)
        if (x[n] != y[n]) return x[n] < y[n] ? -1 : 1;
    return 0;
}

int bcmp(const void *a, const void *b, size_t count) { return memcmp(a, b, count); }
