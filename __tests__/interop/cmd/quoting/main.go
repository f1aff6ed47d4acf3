// Command quoting tells which characters Coder's logger quotes. It writes one byte for each code point: Q if the
// character is white space or if strconv.Quote changes it, and otherwise a hyphen.
package main

import (
	"bufio"
	"os"
	"strconv"
	"unicode"
)

func main() {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for point := rune(0); point <= unicode.MaxRune; point++ {
		text := string(point)
		quoted := strconv.Quote(text)
		answer := byte('-')
		if unicode.IsSpace(point) || quoted[1:len(quoted)-1] != text {
			answer = 'Q'
		}
		out.WriteByte(answer)
	}
}
