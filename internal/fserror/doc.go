// Package fserror words errors of the file system for messages that name the path themselves.
package fserror
